import { parseArgs } from 'node:util';

/** What `npm run bench` was asked to do. */
export interface BenchOptions {
  readonly cases: string;
  readonly rounds: number;
  readonly megabytes: number;
  readonly connections: number;
  readonly lookups: number;
  readonly starts: number;
  readonly soak: number;
  readonly cpuProf: string | undefined;
  readonly output: 'table' | 'json' | 'markdown';
}

const help = `CPU time of the built server per review, beside servers that parse the same body and answer a constant.

  npm run bench -- [options]

  --cases GLOB        only cases with such a name: 'inject, 7 KB*'; none for none of them. Default: all
  --rounds N          measured rounds of each case, behind one that warms up. Default: 5
  --megabytes N       what is posted to each server in a round, 100 reviews at least, 6,000 at most. Default: 40
  --connections N     connections of cases that don't say how many. Default: 8
  --lookups N         images that nobody looked up yet, in each round; 0 leaves that case out. Default: 100
  --starts N          starts of the server of which the median is taken; 0: none. Default: 5
  --soak N            then post N reviews and watch the memory: 1000000 by hand. Default: 0
  --cpu-prof DIR      write a CPU profile of the server for each case, of a further round: CASE.cpuprofile
  -o, --output FORM   table, json or markdown. Default: table
  -h, --help

Examples:
  npm run bench -- --cases 'inject, 7 KB' --rounds 9
  npm run -s bench -- -o json > bench.json
  npm run bench -- --cases none --soak 1000000
  npm run bench -- --cases 'inject, 7 KB' --cpu-prof /tmp/profiles
  node dist/test/bench/profile-summary.js /tmp/profiles/*.cpuprofile

Linux only. The cases with images need docker-registry: bash test/e2e/setup.sh`;

/** Reads the command line. Ends the process with 0 for help, and with 2 for what makes no sense. */
export function readOptions(): BenchOptions {
  try {
    const { values } = parseArgs({
      options: {
        cases: { type: 'string', default: '*' },
        rounds: { type: 'string', default: '5' },
        megabytes: { type: 'string', default: '40' },
        connections: { type: 'string', default: '8' },
        lookups: { type: 'string', default: '100' },
        starts: { type: 'string', default: '5' },
        soak: { type: 'string', default: '0' },
        'cpu-prof': { type: 'string' },
        output: { type: 'string', short: 'o', default: 'table' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      console.log(help);
      process.exit(0);
    }
    return {
      cases: values.cases,
      rounds: whole('rounds', values.rounds, 1),
      megabytes: whole('megabytes', values.megabytes, 1),
      connections: whole('connections', values.connections, 1),
      lookups: whole('lookups', values.lookups, 0),
      starts: whole('starts', values.starts, 0),
      soak: whole('soak', values.soak, 0),
      cpuProf: values['cpu-prof'],
      output: outputOf(values.output),
    };
  } catch (error) {
    console.error(
      `${error instanceof Error ? error.message : String(error)}\nnpm run bench -- --help says what there is.`,
    );
    process.exit(2);
  }
}

/** Reads a whole number. @throws Error when it is none, or too small */
export function whole(flag: string, text: string, least: number): number {
  if (!/^\d+$/.test(text) || Number(text) < least) {
    throw new Error(`--${flag} is a whole number, ${least} at least, and not "${text}".`);
  }
  return Number(text);
}

/** Reads an output form. @throws Error for another one */
export function outputOf(text: string): BenchOptions['output'] {
  if (text === 'table' || text === 'json' || text === 'markdown') return text;
  throw new Error(`--output is table, json or markdown, and not "${text}".`);
}
