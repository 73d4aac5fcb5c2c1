import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse, parseAllDocuments } from 'yaml';
import { isObject, stringOf, type JsonObject, type JsonValue } from '../../../src/model/json.js';
import { at } from '../../support/json.js';
import { repositoryRoot } from '../../tools/generated.js';
import { built, Tools } from './tools.js';

t.setTimeout(900_000);

const tools = new Tools();
t.teardown(() => tools.remove());
const write = (name: string, text: string): void => writeFileSync(join(tools.cwd, name), text);

function objectsIn(text: string): readonly JsonObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    const value: unknown = document.toJS();
    return isObject(value) ? [value] : [];
  });
}

/** What the containers of the first object with a pod template start. */
function commandsIn(text: string): JsonValue | undefined {
  const found = objectsIn(text).find((object) => object['kind'] === 'Deployment');
  const containers = at(found, 'spec', 'template', 'spec', 'containers');
  return Array.isArray(containers) ? containers.map((each: JsonValue) => at(each, 'command') ?? null) : undefined;
}

const instrumented = [
  ['/opt/draios/bin/instrument', '/app', 'serve'],
  ['/opt/draios/bin/instrument', '/worker'],
];

t.test('kustomize runs the function of the example, and stops where it denies', async (t) => {
  const [kustomize = ''] = await built('cluster/build-kustomize.sh');
  const build = ['build', '--enable-alpha-plugins', '--enable-exec', 'kustomize'];
  const ran = await tools.run(kustomize, build);
  t.equal(ran.code, 0, ran.stderr);
  t.same(commandsIn(ran.stdout), instrumented);
  t.notMatch(ran.stdout, 'config.kubernetes.io', 'what kustomize notes on items is taken off again');

  const file = join(tools.cwd, 'kustomize/outrider.yaml');
  const config = readFileSync(file, 'utf8');
  writeFileSync(file, config.replace('spec:\n', 'spec:\n      prefer: Security\n').replace('worker:3:', 'other:3:'));
  const denied = await tools.run(kustomize, build);
  t.not(denied.code, 0);
  t.equal(denied.stdout, '');
  t.match(
    denied.stderr,
    /outrider: error: deploy\/web: deny, image_unresolved: worker: ghcr\.io\/acme\/worker:3 is in no/,
  );
});

t.test('Helm 4 by its plugin, Helm 3 by the program: hooks, and what a failure says', async (t) => {
  const [helm4 = '', helm3 = ''] = await built('cluster/build-helm.sh');
  write('chart/Chart.yaml', 'apiVersion: v2\nname: web\nversion: 0.1.0\n');
  write(
    'chart/templates/hook.yaml',
    'apiVersion: batch/v1\nkind: Job\nmetadata: { name: migrate, annotations: { helm.sh/hook: pre-install } }\n' +
      'spec: { template: { spec: { restartPolicy: Never, containers: [{ name: m, image: m, command: [/m] }] } } }\n',
  );
  const policy = (prefer: string) => `apiVersion: outrider.dev/v1alpha1
kind: InstrumentationPolicy
metadata: { name: shop }
spec:
  prefer: ${prefer}
  match: { namespaceSelector: { matchLabels: { team: shop } } }
  profile: { name: sysdig, settings: { region: us2 } }
---
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { team: shop } }
---
apiVersion: outrider.dev/v1alpha1
kind: ImageMap
images: { ghcr.io/acme/${prefer === 'Security' ? 'other' : 'worker'}:3: { entrypoint: [/worker] } }
`;
  write('open.yaml', policy('Availability'));
  write('strict.yaml', policy('Security'));
  const words = (list: readonly string[]) => list.map((word) => `--post-renderer-args=${word}`);
  const template = (more: readonly string[]) => [
    ...['template', 'web', 'chart', '-n', 'shop', '--post-renderer', 'outrider'],
    ...words(more),
  ];

  t.match(await tools.run(helm4, ['plugin', 'install', 'helm-plugin']), { code: 0 });
  const four = await tools.run(helm4, template(['--policy=open.yaml', '--namespace=shop']));
  t.equal(four.code, 0, four.stderr);
  t.same(commandsIn(four.stdout), instrumented);
  const hook = objectsIn(four.stdout).find((object) => object['kind'] === 'Job');
  t.same(at(hook, 'spec', 'template', 'spec', 'containers', 0, 'command'), ['/opt/draios/bin/instrument', '/m']);
  const silent = await tools.run(
    helm4,
    template(['--policy=strict.yaml', '--namespace=shop', '--report-file=report.txt']),
  );
  t.match(silent, { code: 1, stdout: '', stderr: /plugin "outrider" exited with error/ });
  t.notMatch(silent.stderr, 'image_unresolved', 'Helm 4 shows nothing of it: docs/pipelines.md says so');
  t.match(readFileSync(join(tools.cwd, 'report.txt'), 'utf8'), /deploy\/web may not run as it is under policy shop/);

  const three = await tools.run(helm3, template(['post-render', '--policy=open.yaml', '--namespace=shop']));
  t.equal(three.code, 0, three.stderr);
  t.same(commandsIn(three.stdout), instrumented);
  const loud = await tools.run(helm3, template(['post-render', '--policy=strict.yaml', '--namespace=shop']));
  t.match(loud, { code: 1, stdout: '', stderr: /deploy\/web may not run as it is under policy shop/ });
});

t.test('pre-commit runs the hooks, by its own way of finding them', async (t) => {
  const [preCommit = ''] = await built('pipelines/pre-commit.sh');
  const git = async (folder: string, ...words: readonly string[]): Promise<void> => {
    const who = ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'init.defaultBranch=main'];
    const ran = await tools.run('git', ['-C', folder, ...who, ...words]);
    t.equal(ran.code, 0, ran.stderr);
  };
  for (const name of ['hooks', 'mine/policies', 'mine/tests']) mkdirSync(join(tools.cwd, name), { recursive: true });
  write('hooks/.pre-commit-hooks.yaml', readFileSync(new URL('.pre-commit-hooks.yaml', repositoryRoot), 'utf8'));
  await git('hooks', 'init', '-q');
  await git('hooks', 'add', '-A');
  await git('hooks', 'commit', '-qm', 'hooks');
  await git('hooks', 'tag', 'v0');
  const page = readFileSync(new URL('docs/policy-tests.md', repositoryRoot), 'utf8');
  const files = [...page.matchAll(/^```yaml ((?:policies|tests)\/\S+)\n([^]*?)^```$/gm)];
  for (const [, name = '', text = ''] of files.slice(0, 4)) write(`mine/${name}`, text);
  const check = '[-f, tests/web.yaml, --policy, policies, --namespace-labels, team=payments]';
  write(
    'mine/.pre-commit-config.yaml',
    `repos:\n  - repo: ${join(tools.cwd, 'hooks')}\n    rev: v0\n    hooks:\n` +
      `      - { id: outrider-test, args: [tests] }\n      - { id: outrider-check, args: ${check} }\n`,
  );
  await git('mine', 'init', '-q');
  await git('mine', 'add', '-A');
  const run = (hook: string) => tools.run('sh', ['-c', `cd mine && '${preCommit}' run --all-files ${hook}`]);
  t.match(await run('outrider-test'), { code: 0, stdout: /what their tests say\.+Passed/ });
  t.match(await run('outrider-check'), { code: 1, stdout: /may not run as it is under policy payments: host_network/ });
});

t.test('actionlint takes the workflow of docs/policy-tests.md, and the inputs that it gives the Action', async (t) => {
  const [actionlint = ''] = await built('cluster/build-actionlint.sh');
  const page = readFileSync(new URL('docs/policy-tests.md', repositoryRoot), 'utf8');
  const [, workflow = ''] = /^```yaml \.github\/workflows\/policies\.yaml\n([^]*?)^```$/m.exec(page) ?? [];
  mkdirSync(join(tools.cwd, 'called/.github/workflows'), { recursive: true });
  write('called/action.yml', readFileSync(new URL('action.yml', repositoryRoot), 'utf8'));
  t.equal((await tools.run('git', ['init', '-q', 'called'])).code, 0);
  const lint = (text: string) => {
    write('called/.github/workflows/policies.yaml', text);
    return tools.run('sh', ['-c', `cd called && '${actionlint}'`]);
  };
  // Only an action of the same repository is one that it can read.
  const local = workflow.replace(/outrider\/outrider@\S+/, './');
  t.match(local, 'uses: ./');
  t.match(await lint(local), { code: 0, stdout: '' });
  t.match(await lint(local.replace('arguments:', 'argument:')), { code: 1, stdout: /input "argument" is not defined/ });
});

t.test(
  'the program of the Terraform recipe gives the external provider what it wants, or fails with the reason',
  async (t) => {
    const page = readFileSync(new URL('docs/ecs.md', repositoryRoot), 'utf8');
    const [, script = ''] = /"-c", <<-EOT\n([^]*?\.containers[^]*?)\n {2}EOT\n/.exec(page) ?? [];
    t.match(script, 'outrider inject');
    const run = (container: JsonObject) => {
      const query = {
        containers: JSON.stringify([{ name: 'web', image: 'acme/web:1', essential: true, ...container }]),
      };
      return tools.run('bash', ['-euo', 'pipefail', '-c', script, 'outrider', '/sysdig/key'], JSON.stringify(query));
    };
    const ran = await run({ entryPoint: ['/web'] });
    t.equal(ran.code, 0, ran.stderr);
    const answer: unknown = parse(ran.stdout);
    const containers: unknown = parse((isObject(answer) && stringOf(answer['containers'])) || '');
    t.match(containers, [
      { name: 'web', entryPoint: ['/opt/draios/bin/instrument', '/web'] },
      { secrets: [{ valueFrom: '/sysdig/key' }] },
    ]);
    const open = await run({});
    t.not(open.code, 0);
    t.match(open.stderr, /1 skip: exit code 1/);
  },
);
