import { Option } from 'commander';
import { examineCluster } from '../../doctor/cluster.js';
import { isHealthy, type DoctorFinding } from '../../doctor/finding.js';
import { examineHost, type HostFacts } from '../../doctor/host.js';
import { inventoryOf, type ClusterInventory } from '../../doctor/inventory.js';
import { sources } from '../../doctor/sources.js';
import { examineTask, type TaskFacts } from '../../doctor/task-definition.js';
import { readDocuments } from '../../documents/configuration/document-reader.js';
import { OutriderError } from '../../model/error.js';
import { objectOf, parsedJson, type JsonObject, type JsonValue } from '../../model/json.js';
import type { InventoryRequest } from '../../cluster/inventory.js';
import { addTimeoutOption, timeoutOf } from '../options/cluster.js';
import { collect, type CommandDefinition, exitCodes, type Invocation, textOf, textsOf } from '../command.js';
import { doctorSettings, readMatches } from './policies.js';
import { taskFacts } from './tasks.js';
import { clusterText, hostText, taskText } from './text.js';
import { together } from '../errors.js';
import { readHostFacts } from './host-facts.js';
import { readInputs } from '../files/inputs.js';
import { addColourOption, addFormatOption, asksForData, colourChoice, dataText } from '../options/output.js';
import { styleOf, useColour, type Style } from '../text/style.js';

/** How `doctor` reads the world around it. */
export interface DoctorDependencies {
  readonly readHost: () => Promise<HostFacts>;
  readonly readCluster: (request: InventoryRequest) => Promise<ClusterInventory>;
}

/** What was found: for programs, for people, and whether anything would keep agents from working. */
interface Diagnosis {
  readonly value: object;
  readonly text: (style: Style) => string;
  readonly healthy: boolean;
}

/** `outrider doctor`: checks whether the agents have what they need on this machine, in a cluster or in an ECS file. */
export function doctorCommand(dependencies: DoctorDependencies): CommandDefinition {
  return {
    configure(command, { programName }) {
      command
        .option('--cluster', 'look at a cluster’s nodes and namespaces, in place of this machine')
        .option('--context <NAME>', 'the cluster of this kubeconfig context')
        .option('--kubeconfig <FILE>', 'the kubeconfig; default: what kubectl takes');
      addTimeoutOption(command);
      command
        .option(
          '--from <FILE>',
          'a cluster from the output of kubectl get nodes,namespaces -o json; - for standard input',
        )
        .addOption(
          new Option(
            '--policy <PATH>',
            'file or folder with policies: judge the namespaces of the cluster that they match; repeatable',
          ).argParser(collect),
        )
        .addOption(
          new Option(
            '-f, --file <FILE>',
            'an ECS task definition, a CloudFormation template or a Dockerrun.aws.json; - for standard input',
          ),
        );
      addFormatOption(command);
      doctorSettings.addTo(command);
      addColourOption(command);
      command.addHelpText(
        'after',
        `
Examples:
  ${programName} doctor
  ${programName} doctor --cluster --context production
  kubectl get nodes,namespaces -o json | ${programName} doctor --from -
  ${programName} doctor --cluster --policy policies/
  aws ecs describe-task-definition --task-definition web | ${programName} doctor -f -

Exit codes: 0 nothing is in the way; 1 something is; 2 wrong usage, bad input, or the cluster does not answer.`,
      );
    },
    run: (invocation) => doctor(invocation, dependencies),
  };
}

export const command = doctorCommand({
  readHost: () => readHostFacts(),
  readCluster: async (request) => (await import('../../cluster/inventory.js')).readInventory(request),
});

async function doctor(invocation: Invocation, dependencies: DoctorDependencies): Promise<number> {
  const { flags, io } = invocation;
  const { value, text, healthy } = await diagnose(invocation, dependencies);
  io.stdout.write(
    asksForData(flags) ? dataText(flags, value) : text(styleOf(useColour(colourChoice(flags), io.stdout, io.env))),
  );
  return healthy ? exitCodes.ok : exitCodes.findings;
}

async function diagnose(invocation: Invocation, dependencies: DoctorDependencies): Promise<Diagnosis> {
  const { flags } = invocation;
  const from = textOf(flags['from']);
  const file = textOf(flags['file']);
  const context = textOf(flags['context']);
  const kubeconfig = textOf(flags['kubeconfig']);
  const live = flags['cluster'] === true || context !== undefined || kubeconfig !== undefined;
  if ([from !== undefined, file !== undefined, live].filter(Boolean).length > 1) {
    throw new OutriderError('usage', '--cluster, --from and -f are different patients; give one of them.');
  }
  if (textsOf(flags['policy']).length > 0 && from === undefined && !live) {
    throw new OutriderError(
      'usage',
      '--policy is about the namespaces of a cluster; give --cluster or --from with it.',
    );
  }
  if (file !== undefined) {
    const texts = await readInputs([file], invocation.io);
    return ofTasks(texts.flatMap((input) => taskFacts(input.text, input.name)));
  }
  if (from !== undefined) return ofCluster(inventoryOf(await readAll(from, invocation), from), invocation);
  if (!live) return ofHost(await dependencies.readHost());
  const timeoutMs = timeoutOf(invocation);
  return ofCluster(
    await dependencies.readCluster({
      timeoutMs,
      ...(context === undefined ? {} : { context }),
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
    }),
    invocation,
  );
}

function ofHost(facts: HostFacts): Diagnosis {
  const findings = examineHost(facts);
  const healthy = isHealthy(findings);
  return {
    value: { kind: 'host', healthy, findings: findings.map(withSource) },
    text: (style) => hostText(findings, style),
    healthy,
  };
}

async function ofCluster(inventory: ClusterInventory, invocation: Invocation): Promise<Diagnosis> {
  const report = examineCluster(inventory, await readMatches(invocation, inventory));
  const sourced = <T extends { readonly findings: readonly DoctorFinding[] }>(part: T) => ({
    ...part,
    findings: part.findings.map(withSource),
  });
  return {
    value: {
      kind: 'cluster',
      ...sourced(report),
      nodes: report.nodes.map(sourced),
      namespaces: report.namespaces.map(sourced),
    },
    text: (style) => clusterText(report, style),
    healthy: report.healthy,
  };
}

function ofTasks(facts: readonly TaskFacts[]): Diagnosis {
  const reports = facts.map(examineTask);
  const healthy = reports.every(({ findings }) => isHealthy(findings));
  const tasks = reports.map((report) => ({ ...report, findings: report.findings.map(withSource) }));
  return {
    value: { kind: 'task', healthy, tasks },
    text: (style) => reports.map((report) => taskText(report, style)).join('\n'),
    healthy,
  };
}

function withSource(finding: DoctorFinding): object {
  return { ...finding, source: sources[finding.source] };
}

async function readAll(name: string, { io }: Invocation): Promise<readonly JsonValue[]> {
  const values: JsonValue[] = [];
  for (const { name: file, text } of await readInputs([name], io)) {
    const json = objectIn(text);
    if (json !== undefined) {
      values.push(json);
      continue;
    }
    const { documents, problems } = readDocuments({ name: file, text });
    if (problems.length > 0) throw together(problems);
    values.push(...documents.map(({ value }) => value));
  }
  return values;
}

/** JSON as kubectl prints it, of any size; `undefined` for other text: the reader of documents says what is wrong with it. */
function objectIn(text: string): JsonObject | undefined {
  return /^\s*\{/.test(text) ? objectOf(parsedJson(text)) : undefined;
}
