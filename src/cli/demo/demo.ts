import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import jsonpatch from 'fast-json-patch';
import { diffTexts, renderDiff } from '../text/diff.js';
import { applyUndo, withUndo } from '../../documents/undo/undo.js';
import { cloneJson, isArray, isObject, stringOf, stringsOf, type JsonObject } from '../../model/json.js';
import { cloneOperation, type Operation } from '../../model/patch.js';
import { exitCodes, type CommandDefinition, type Invocation } from '../command.js';
import { demoPod } from './pod.js';
import { review, startDemoServer, type DemoServer } from './server.js';
import { useColour } from '../text/style.js';

/**
 * `outrider demo`: shows the main job without a cluster. It starts the TLS server as a separate process, sends it a pod as
 * an API server would, shows the answer, and shows that a second pass changes nothing and that the injection can be undone.
 */
export const command: CommandDefinition = {
  configure(command, { programName }) {
    command.addHelpText('after', `\nExample:\n  ${programName} demo`);
  },
  run: demo,
};

async function demo({ io }: Invocation): Promise<number> {
  const print = (text: string): void => io.stdout.write(text);
  const colour = useColour('auto', io.stdout, io.env);
  const bold = (text: string): string => (colour ? `\u001b[1m${text}\u001b[0m` : text);
  const say = (text = ''): void => print(`${text}\n`);
  const folder = await mkdtemp(join(tmpdir(), 'outrider-demo-'));
  let server: DemoServer | undefined;
  try {
    say(bold('1. A server with a development certificate, as a process of its own'));
    server = await startDemoServer(process.argv[1] ?? '', folder);
    say(`   https://localhost:${server.port}/mutate/pods answers; policy: demonstration, profile sysdig, region us2\n`);

    say(bold('2. A pod goes in, as an API server sends it, and comes out instrumented'));
    const pod: JsonObject = demoPod;
    const first = await review(server, '/mutate/pods', pod, 'demo-1');
    const patch = patchOf(first);
    expect(first['allowed'] === true && patch.length > 0, 'the pod is allowed with a patch');
    showDecision(first, say);
    const after = apply(pod, patch);
    const diff = diffTexts(stringify(pod, { lineWidth: 0 }), stringify(after, { lineWidth: 0 }));
    say();
    print(renderDiff(diff, { oldName: 'pod as sent', newName: 'pod as admitted', colour }));

    say(`\n${bold('3. The same as the JSON patch (RFC 6902) that the API server applies')}`);
    for (const operation of patch) say(`   ${shorten(JSON.stringify(operation))}`);

    say(`\n${bold('4. What holds')}`);
    const second = await review(server, '/mutate/pods', after, 'demo-2');
    expect(patchOf(second).length === 0, 'a second pass changes nothing');
    say('   ✓ a second pass changes nothing: the API server calls again after a patch');
    const check = await review(server, '/validate/pods', after, 'demo-3');
    expect(check['allowed'] === true, 'the validating door accepts the result');
    say('   ✓ the validating door plans again on the result and finds every part');
    const undone = applyUndo(apply(pod, withUndo(pod, patch)));
    expect(JSON.stringify(undone) === JSON.stringify(pod), 'uninject gives the pod back');
    say('   ✓ uninject gives back the pod, with its fields in their order');
  } finally {
    const code = await server?.stop();
    if (server !== undefined) say(`   ✓ on SIGTERM the server drained and ended with exit code ${code ?? 'none'}`);
    await rm(folder, { recursive: true, force: true });
  }
  say(`\n${bold('What this did not show')}`);
  say(
    '   A cluster or a registry: nothing was looked up, pulled or run. The agent’s image, its access key and its collector are the vendor’s.',
  );
  say(`\n${bold('What to try next')}`);
  say('   node dist/outrider.js inject -f YOUR.yaml --profile sysdig --set region=us2 -o diff');
  say('   node dist/outrider.js explain -f YOUR.yaml --profile datadog');
  say('   node dist/outrider.js serve --config deploy/examples/config');
  return exitCodes.ok;
}

function patchOf(response: JsonObject): readonly Operation[] {
  const text = stringOf(response['patch']);
  if (text === undefined) return [];
  const patch: unknown = JSON.parse(Buffer.from(text, 'base64').toString('utf8'));
  return isArray(patch) ? patch.filter(isOperation) : [];
}

function isOperation(value: unknown): value is Operation {
  return isObject(value) && typeof value['op'] === 'string' && typeof value['path'] === 'string';
}

function apply(pod: JsonObject, patch: readonly Operation[]): JsonObject {
  const operations = patch.map((operation) => cloneOperation(operation));
  return jsonpatch.applyPatch<JsonObject>(cloneJson(pod), operations, true).newDocument;
}

function showDecision(response: JsonObject, say: (text: string) => void): void {
  const audit = isObject(response['auditAnnotations']) ? response['auditAnnotations'] : {};
  say(`   decision ${stringOf(audit['decision']) ?? '?'}, reason ${stringOf(audit['reason']) ?? '?'}`);
  for (const warning of stringsOf(response['warnings']) ?? []) say(`   warning: ${warning}`);
}

function shorten(text: string): string {
  return text.length > 160 ? `${text.slice(0, 157)}…` : text;
}

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(`the demonstration failed: it does not hold that ${what}`);
}
