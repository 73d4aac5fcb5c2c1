import { openSync, readFileSync, writeSync, ftruncateSync } from 'node:fs';
import { corpusFiles } from './corpus.js';
import { Inputs } from './inputs.js';
import { minimised } from './minimise.js';
import { Finding, type Target } from './target.js';
import { targets } from './targets/all.js';
import { selfTests } from './targets/self-test.js';
import type { Found, Report } from './report.js';
import { slowness } from './yardstick.js';

// A process of its own that feeds one target: `child.js TARGET SEED RUNS UNTIL CURRENT [FILE …]`. RUNS inputs are made,
// or inputs until the time UNTIL (ms since 1970) where it is not 0. The input in progress is in the file CURRENT, so
// that whoever ends this process knows it. With FILEs, those are the inputs. The last line of the output is a Report.

const [, , name = '', seedText = '0', runsText = '0', untilText = '0', current = '', ...files] = process.argv;
const entry = targets[name] ?? selfTests[name];
if (entry === undefined) throw new Error(`no target ${name}`);
const seed = Number(seedText);
const runs = Number(runsText);
const untilMs = Number(untilText);
const mostFindings = 8;
const longestFirst = 4 * 1024;

const target = await entry.open();
// Otherwise an input that waits for what never comes would end the process as if all were well.
const alive = setInterval(() => undefined, 60_000);
const state = openSync(current, 'w+');
let unhandled: unknown;
process.on('unhandledRejection', (reason) => (unhandled = reason));
process.on('uncaughtException', (error) => (unhandled = error));
const prototypes = [Object.prototype, Array.prototype, Function.prototype, String.prototype];
const untouched = prototypes.map((prototype) => Object.getOwnPropertyNames(prototype).length);

/** CPU time that an input may take on the machine that the limits were set on, ms. */
function limitMs(input: Uint8Array): number {
  return (target.baseMs ?? 400) + (input.length * (target.perByteUs ?? 100)) / 1_000;
}

/** Gives one input to the target. Returns what happened to it, or what is wrong. */
async function attempt(input: Uint8Array): Promise<{ readonly outcome: string } | { readonly fault: string }> {
  ftruncateSync(state);
  writeSync(state, input, 0, input.length, 0);
  const before = process.cpuUsage();
  let outcome: string;
  try {
    outcome = await target.check(input);
  } catch (error) {
    return { fault: faultOf(error) };
  }
  if (unhandled !== undefined) {
    const fault = `nothing catches ${faultOf(unhandled)}`;
    unhandled = undefined;
    return { fault };
  }
  if (prototypes.some((prototype, index) => Object.getOwnPropertyNames(prototype).length !== untouched[index])) {
    return { fault: 'a prototype was changed' };
  }
  const { user, system } = process.cpuUsage(before);
  const tookMs = (user + system) / 1_000;
  return tookMs > limitMs(input) && tookMs > limitMs(input) * slowness()
    ? { fault: `slow: more than ${Math.round(limitMs(input))} ms of CPU time` }
    : { outcome };
}

function faultOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\n  caused by ${faultOf(error.cause)}`;
  return `${error instanceof Finding ? error.message : (error.stack ?? error.message)}${cause}`;
}

/** A fault without what differs from input to input: equal ones are one finding. */
function kindOf(fault: string): string {
  const [first = '', ...frames] = fault.split('\n');
  const where = frames.find((line) => line.includes('/src/'))?.replace(/^.*\/src\//, '') ?? '';
  return `${first.replaceAll(/\d+|"[^"]*"|\[.*\]|\{.*\}/g, '…').slice(0, 120)} ${where}`;
}

/** The same fault twice, since a slow machine or a rare timer is no finding. */
async function faultTwice(input: Uint8Array): Promise<string | undefined> {
  const first = await attempt(input);
  if (!('fault' in first)) return undefined;
  const second = await attempt(input);
  return 'fault' in second && kindOf(second.fault) === kindOf(first.fault) ? second.fault : undefined;
}

async function feed(report: Report, input: Uint8Array, inputs?: Inputs, isMade = false): Promise<void> {
  report.runs++;
  report.bytes += input.length;
  const first = await attempt(input);
  if ('outcome' in first) {
    const seen = report.outcomes[first.outcome] ?? 0;
    if (seen === 0) {
      inputs?.keep(input);
      if (isMade && input.length <= longestFirst) {
        report.firsts.push({ outcome: first.outcome, input: Buffer.from(input).toString('base64') });
      }
    }
    report.outcomes[first.outcome] = seen + 1;
    return;
  }
  const fault = await faultTwice(input);
  if (fault === undefined) {
    report.unsteady++;
    return;
  }
  const kind = kindOf(fault);
  const known = report.findings.find((one) => one.kind === kind);
  if (known !== undefined) {
    known.times++;
    return;
  }
  const small = await minimised(input, async (candidate) => {
    const again = await attempt(candidate);
    return 'fault' in again && kindOf(again.fault) === kind;
  });
  const found: Found = { kind, fault, times: 1, input: Buffer.from(small).toString('base64') };
  report.findings.push(found);
}

function corpusOf({ seeds }: Target): readonly Uint8Array[] {
  return [...seeds(), ...corpusFiles(name).map((file) => new Uint8Array(readFileSync(file)))];
}

const report: Report = {
  target: name,
  seed,
  runs: 0,
  bytes: 0,
  unsteady: 0,
  outcomes: Object.create(null) as Report['outcomes'],
  findings: [],
  firsts: [],
};
if (files.length > 0) {
  for (const file of files) await feed(report, new Uint8Array(readFileSync(file)));
} else {
  const corpus = corpusOf(target);
  // What is well-formed first: the product is warm then, and a corpus that fails is found whatever the seed.
  await attempt(corpus[0] ?? new Uint8Array());
  const inputs = new Inputs(target, corpus, seed);
  for (const input of corpus) await feed(report, input, inputs);
  while ((untilMs === 0 ? report.runs < runs : Date.now() < untilMs) && report.findings.length < mostFindings) {
    await feed(report, inputs.next(), inputs, true);
  }
}
await target.close?.();
clearInterval(alive);
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
