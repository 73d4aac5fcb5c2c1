import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { isObject, type JsonObject } from '../../../src/model/json.js';
import type { ApiServer } from './api-server.js';
import { runKubectl, type KubectlResult } from './kubectl.js';

const buildScript = fileURLToPath(new URL('../../../../test/e2e/cluster/build-helm.sh', import.meta.url));
/** The chart's folder. */
export const chart = fileURLToPath(new URL('../../../../deploy/helm/outrider', import.meta.url));
/** Where the tests install, and what they call it. */
export const release = { name: 'outrider', namespace: 'outrider-system' } as const;

/** What is rendered without a cluster is rendered for this version. */
const oldestKubernetes = '1.30.0';

/** Values of the chart, by their keys. */
export type Values = Readonly<Record<string, unknown>>;

/** Real helm, with its files in the folder of the test's API server. */
export interface Helm {
  /** Where it is. */
  readonly program: string;
  /** Runs it as the admin; a failure is an exit code, not an error. */
  readonly run: (parameters: readonly string[], input?: string) => Promise<KubectlResult>;
  /**
   * Every object that the chart makes of values, hooks included, in helm's order.
   * @throws with what helm said
   */
  readonly render: (values?: Values, parameters?: readonly string[]) => Promise<readonly JsonObject[]>;
}

/**
 * Finds helm.
 * @throws when it is not built yet
 */
export async function findHelm(api: Pick<ApiServer, 'kubeconfig' | 'directory'>, major: 3 | 4 = 4): Promise<Helm> {
  const { stdout } = await promisify(execFile)('bash', [buildScript, '--where']);
  const [four = '', three = ''] = stdout.trim().split('\n');
  const program = major === 4 ? four : three;
  const run: Helm['run'] = (parameters, input) =>
    runKubectl({ program, kubeconfig: api.kubeconfig, home: api.directory }, parameters, input);
  return {
    program,
    run,
    render: async (values = {}, parameters = []) =>
      objectsIn(await run(templateCommand(parameters), JSON.stringify(values))),
  };
}

/** `helm template` with values on standard input. */
function templateCommand(parameters: readonly string[]): readonly string[] {
  const where = ['--namespace', release.namespace, '--kube-version', oldestKubernetes];
  return ['template', release.name, chart, ...where, '--values', '-', ...parameters];
}

/**
 * The objects of a YAML stream.
 * @throws with what the command said when it failed, and for what is not a YAML
 */
export function objectsIn({ exitCode, stdout, stderr }: KubectlResult): readonly JsonObject[] {
  if (exitCode !== 0) throw new Error(`it ended with ${exitCode}: ${stderr}`);
  return [...parseAllDocuments(stdout)]
    .map((document): unknown => {
      // Such as a key that stands twice, which helm lets through.
      const [error] = document.errors;
      if (error !== undefined) throw error;
      return document.toJS();
    })
    .filter(isObject);
}
