import t from 'tap';
import { workplace } from '../harness.js';

const rendered = `---
# Source: web/templates/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: web
          image: acme/web:1
          command: [/app] # its own
---
# Source: web/templates/service.yaml
apiVersion: v1
kind: Service
metadata: { name: web }
`;

const policy = `apiVersion: outrider.dev/v1alpha1
kind: InstrumentationPolicy
metadata: { name: shop }
spec:
  prefer: Security
  match: { namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: shop } } }
  profile: { name: sysdig, settings: { region: us2 } }
---
apiVersion: v1
kind: Namespace
metadata: { name: shop }
`;

const profile = ['--profile', 'sysdig', '--set', 'region=us2'];

t.test('what Helm rendered comes out as inject makes it, the rest byte for byte', async (t) => {
  const place = await workplace(t);
  const ran = await place.outrider(['post-render', ...profile], { stdin: rendered });
  t.equal(ran.code, 0, ran.stderr);
  t.match(ran.stdout, 'command: [/opt/draios/bin/instrument, /app] # its own');
  t.ok(ran.stdout.endsWith(rendered.slice(rendered.indexOf('---\n# Source: web/templates/service.yaml'))));
  const same = await place.outrider(['inject', '-f', '-', ...profile], { stdin: rendered });
  t.equal(ran.stdout, same.stdout);
  t.equal(ran.stderr, same.stderr);
});

t.test('the namespace is Helm’s, unless a flag names one', async (t) => {
  const place = await workplace(t, { 'policy.yaml': policy });
  const run = (flags: readonly string[]) =>
    place.outrider(['post-render', '--policy', 'policy.yaml', ...flags], {
      stdin: rendered,
      env: { HELM_NAMESPACE: 'shop' },
    });
  t.match(await run([]), { code: 0, stdout: /status: injected/ });
  t.equal((await run(['-n', 'other'])).stdout, rendered);
});

t.test('a pod that may not run uninstrumented ends it with 1 and without output; --report-file says why', async (t) => {
  const place = await workplace(t, { 'policy.yaml': policy });
  const stdin = rendered.replace('command: [/app] # its own', 'args: [serve]');
  const argv = ['post-render', '--policy', 'policy.yaml', '-n', 'shop', '--report-file', 'report.txt'];
  const ran = await place.outrider(argv, { stdin });
  t.match(ran, { code: 1, stdout: '', stderr: /may not run as it is under policy shop/ });
  t.equal(await place.read('report.txt'), ran.stderr);
});

t.test('bad input is said in the report’s file, too: 2', async (t) => {
  const place = await workplace(t);
  const ran = await place.outrider(['post-render', '--report-file', 'report.txt'], { stdin: rendered });
  t.match(ran, { code: 2, stdout: '', stderr: /nothing says what to put in/ });
  t.equal(await place.read('report.txt'), ran.stderr);
  const json = await place.outrider(['post-render', '--report', 'json', '--report-file', 'report.json'], {
    stdin: rendered,
  });
  t.equal(await place.read('report.json'), json.stderr);
  t.match(JSON.parse(json.stderr), { errors: [{ code: 'usage' }] });
});
