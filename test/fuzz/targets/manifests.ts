import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readManifests } from '../../../src/documents/manifest/manifest.js';
import { readCases } from '../../golden/cases.js';
import { jsonObject, writing, Writer } from '../../documents/generated.js';
import { generatedPod } from '../../support/pods.js';
import fc from 'fast-check';
import { must, type Target } from '../target.js';
import { outrider, refusalOf } from './command.js';
import { fileBytes } from './doors.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

const deployment = `# A comment to keep
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web   # the name
spec:
  replicas: 3
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: shop/web:1
        command: ["/app", 'serve']
        env: &shared
        - {name: A, value: "1"}
      - name: side
        image: shop/side:1
        command: [/side]
        env: *shared
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: night}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: job
              image: shop/job:1
              command:
              - /job
              # at the end
`;

/** Manifests through \`inject\` and \`uninject\`: the file stays readable, a second pass changes nothing, and it comes back. */
export function manifests(): Target {
  const pods = readCases().map(({ podText }) => encoder.encode(podText));
  return {
    name: 'manifests',
    form: 'text',
    seeds: () => [...pods, encoder.encode(deployment)],
    generated: fc.oneof(
      fc.tuple(generatedPod, writing).map(([{ pod }, how]) => encoder.encode(new Writer(how).document(pod))),
      fc.tuple(jsonObject, writing).map(([value, how]) => encoder.encode(new Writer(how).document(value))),
    ),
    baseMs: 2_500,
    check: (input) => thereAndBack(input, ['--profile', 'sysdig', '--set', 'region=us2']),
  };
}

/** Task definitions, CloudFormation templates and Dockerrun files, the same way. */
export function tasks(): Target {
  const folder = join('test', 'golden-tasks');
  const inputs = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /[\\/]input\.\w+$/.test(name),
  );
  const arn = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:agent-AbCdEf';
  return {
    name: 'tasks',
    form: 'text',
    seeds: () => inputs.map((name) => fileBytes(join(folder, name))),
    baseMs: 2_500,
    check: (input) =>
      thereAndBack(input, ['--profile', 'sysdig', '--set', 'region=us2', '--set', `accessKeySecretArn=${arn}`]),
  };
}

async function thereAndBack(input: Uint8Array, flags: readonly string[]): Promise<string> {
  const injected = await outrider(['inject', '-f', '-', ...flags, '--report', 'json'], input);
  if (injected.code !== 0) {
    must(injected.stdout === '', 'something is written beside an error');
    return `exit ${injected.code} ${refusalOf(injected.stderr)}`;
  }
  const text = decoder.decode(input);
  if (injected.stdout === text) return 'unchanged';
  const after = encoder.encode(injected.stdout);
  const again = await outrider(['inject', '-f', '-', ...flags, '--report', 'json'], after);
  must(again.code === 0, `what inject wrote is refused by inject: ${again.stderr}`);
  must(again.stdout === injected.stdout, 'a second inject changes the file again');
  const back = await outrider(['uninject', '-f', '-', '--report', 'json'], after);
  must(back.code === 0, `what inject wrote is refused by uninject: ${back.stderr}`);
  if (!/keeps no undo record/.test(injected.stderr)) {
    must(dataOf(back.stdout) === dataOf(text), 'uninject does not give the data back');
  }
  return back.stdout === text ? 'there and back, byte for byte' : 'there and back';
}

function dataOf(text: string): string {
  return JSON.stringify(readManifests(text, '-').map(({ value }) => value));
}
