import type { ClusterReport } from '../../doctor/cluster.js';
import type { DoctorFinding } from '../../doctor/finding.js';
import type { NamespaceReport } from '../../doctor/namespace.js';
import type { NodeReport } from '../../doctor/node.js';
import { sources } from '../../doctor/sources.js';
import type { TaskReport } from '../../doctor/task-definition.js';
import type { Style } from '../text/style.js';
import { table, type Row } from '../text/table.js';

/** Findings about one machine, for people. */
export function hostText(findings: readonly DoctorFinding[], style: Style): string {
  return table(findings.map((finding) => findingRow(finding, style)));
}

/** What was found about a task definition, for people. */
export function taskText({ family, format, launchTypes, findings }: TaskReport, style: Style): string {
  const given = launchTypes.length === 0 ? 'launch type not given' : launchTypes.join(', ');
  const types = format === 'dockerrun' ? 'Elastic Beanstalk' : given;
  return `${style.bold(family)}  ${types}\n${table(findings.map((finding) => findingRow(finding, style, '  ')))}`;
}

/** What was found about a cluster, for people. Nodes that are alike share a row. */
export function clusterText({ nodes, namespaces, findings }: ClusterReport, style: Style): string {
  const parts = [
    table([nodeHead(style), ...alike(nodes).flatMap((group) => nodeRow(group, style))]),
    ...(namespaces.length === 0 ? [] : [table(namespaces.map((namespace) => namespaceRow(namespace, style)))]),
    table(findings.map((finding) => findingRow(finding, style))),
  ];
  return parts.join('\n');
}

function nodeHead(style: Style): Row {
  const titles = [
    'NODE',
    'SYSTEM',
    'KERNEL',
    'RUNTIME',
    'KUBELET',
    'NODE AGENT',
    'PTRACE',
    'SYS_PTRACE',
    'SIDECARS',
    'IMAGE VOLUMES',
  ];
  return { cells: titles.map(style.bold), below: [] };
}

function nodeRow(group: readonly NodeReport[], style: Style): readonly Row[] {
  const [node] = group;
  if (node === undefined) return [];
  const more = group.length === 1 ? '' : ` (+${group.length - 1})`;
  const hopeless = node.nodeAgent === 'no' && node.ptrace === 'no';
  const kind = node.kind === 'machine' ? '' : `, ${node.kind}`;
  return [
    {
      cells: [
        node.name + more,
        `${node.osImage || '?'}, ${node.architecture || '?'}${kind}`,
        node.kernel || '?',
        node.runtime || '?',
        node.kubelet || '?',
        answer(node.nodeAgent, style),
        answer(node.ptrace, style),
        answer(node.sysPtrace, style),
        ...(hopeless ? ['-', '-'] : deliveries(node).map((word) => answer(word, style))),
      ],
      below: node.findings.filter(({ result }) => result !== 'ok').flatMap((finding) => linesOf(finding, style)),
    },
  ];
}

/** A finding below its row. */
function linesOf(finding: DoctorFinding, style: Style): readonly string[] {
  return [
    `    ${mark(finding, style)} ${finding.check}: ${finding.detail}`,
    ...advice(finding, style).map((line) => `      ${line}`),
  ];
}

function deliveries({ nativeSidecars, imageVolumes }: NodeReport): readonly string[] {
  return [nativeSidecars ? 'native' : 'plain', imageVolumes ? 'yes' : 'no'];
}

function answer(word: string, style: Style): string {
  if (word === 'yes' || word === 'native') return style.good(word);
  return word === 'no' ? style.dim(word) : style.warn(word);
}

/** Nodes with the same findings, grouped, in the order of each group's first node. */
function alike(nodes: readonly NodeReport[]): readonly (readonly NodeReport[])[] {
  const groups = new Map<string, NodeReport[]>();
  for (const node of nodes) {
    const key = JSON.stringify({ ...node, name: '' });
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [node]);
    else group.push(node);
  }
  return [...groups.values()];
}

function namespaceRow({ name, enforce, policies, findings }: NamespaceReport, style: Style): Row {
  const [first] = findings;
  if (policies !== undefined) {
    const level = `Pod Security ${enforce ?? 'by default'}`;
    const winners = policies.map(
      ({ name: policy, prefer, mode, pods }) =>
        `policy ${policy} (${prefer}, ${mode}${pods === 'some' ? ', pods by podSelector' : ''})`,
    );
    const worst = (['problem', 'note'] as const).find((result) => findings.some((each) => each.result === result));
    return {
      cells: [`${symbol(worst ?? 'ok', style)} namespace ${name}`, `${level}, ${winners.join(', then ')}`],
      below: findings.flatMap((finding) => linesOf(finding, style)),
    };
  }
  if (first === undefined) return { cells: [name], below: [] };
  return {
    cells: [`${mark(first, style)} namespace ${name}`, first.detail],
    below: advice(first, style).map((line) => `    ${line}`),
  };
}

function findingRow(finding: DoctorFinding, style: Style, indent = ''): Row {
  return {
    cells: [`${indent}${mark(finding, style)} ${finding.check}`, finding.detail],
    below: advice(finding, style).map((line) => `${indent}    ${line}`),
  };
}

function mark({ result }: DoctorFinding, style: Style): string {
  return symbol(result, style);
}

function symbol(result: DoctorFinding['result'], style: Style): string {
  return { ok: style.good('✓'), note: style.warn('!'), problem: style.bad('✗') }[result];
}

function advice({ remedy, source, result }: DoctorFinding, style: Style): readonly string[] {
  const lines = remedy === undefined ? [] : [style.dim(`fix: ${remedy}`)];
  return result === 'ok'
    ? lines.map((line) => line.replace('fix:', 'see:'))
    : [...lines, style.dim(`source: ${sources[source]}`)];
}
