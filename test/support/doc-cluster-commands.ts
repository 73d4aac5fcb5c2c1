/** A kind of command on the first pages that needs more than npm. */
export interface ClusterCommand {
  readonly pattern: RegExp;
  /** `readme.test.ts` of test/node runs it as it is written, or does something in its place, or another test runs it. */
  readonly how: 'as written' | 'in its place' | 'elsewhere';
  /** What is done in its place, or which test runs it. */
  readonly note?: string;
}

/** The commands of README.md, docs/getting-started.md and docs/troubleshooting.md that are not run by npm alone. */
export const clusterCommands: readonly ClusterCommand[] = [
  { pattern: /^kind create cluster$/, how: 'in its place', note: 'a real node, started by test/node/run.ts' },
  { pattern: /^minikube (start|image load) /, how: 'in its place', note: 'what is done for kind' },
  {
    pattern: /^docker build -t \S+ \.$/,
    how: 'in its place',
    note: 'the image of the same Dockerfile, by test/node/image',
  },
  { pattern: /^kind load docker-image \S+$/, how: 'in its place', note: 'ctr puts the image on the node' },
  {
    pattern: /^node dist\/outrider\.js serve --config deploy\/examples\/config$/,
    how: 'in its place',
    note: 'the same, ended once it is ready',
  },
  { pattern: /^outrider image /, how: 'elsewhere', note: 'test/e2e/lookup/cli.test.ts, against a registry' },
  { pattern: /^(kubectl|helm) /, how: 'as written' },
  {
    pattern: /^(node dist\/outrider\.js|outrider) (status|coverage|verify deploy|explain deploy)/,
    how: 'as written',
  },
];
