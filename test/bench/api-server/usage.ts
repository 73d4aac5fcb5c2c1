import type { ApiServer } from '../../e2e/cluster/api-server.js';

/** What an API server has spent and observed so far, by its own metrics. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** Checks of MutatingAdmissionPolicies and ValidatingAdmissionPolicies, and how long they took in all. */
  readonly mutating: Checks;
  readonly validating: Checks;
}

export interface Checks {
  readonly count: number;
  readonly seconds: number;
}

/** Reads them. @throws when the API server does not say one of the two that every process has */
export async function usageOf(api: Pick<ApiServer, 'kubectl'>): Promise<Usage> {
  return usageIn((await api.kubectl(['get', '--raw', '/metrics'])).stdout);
}

/** @param text metrics in the form of Prometheus */
export function usageIn(text: string): Usage {
  const lines = text.split('\n');
  const sum = (metric: string): number | undefined => {
    const values = lines
      .filter((line) => line.startsWith(`${metric} `) || line.startsWith(`${metric}{`))
      .map((line) => Number(line.slice(line.lastIndexOf(' '))));
    return values.length === 0 ? undefined : values.reduce((total, value) => total + value, 0);
  };
  const needed = (metric: string): number => {
    const value = sum(metric);
    if (value === undefined) throw new Error(`the API server has no metric ${metric}`);
    return value;
  };
  // There are none before the first check.
  const checks = (kind: string): Checks => ({
    count: sum(`apiserver_${kind}_admission_policy_check_duration_seconds_count`) ?? 0,
    seconds: sum(`apiserver_${kind}_admission_policy_check_duration_seconds_sum`) ?? 0,
  });
  return {
    cpuSeconds: needed('process_cpu_seconds_total'),
    residentBytes: needed('process_resident_memory_bytes'),
    mutating: checks('mutating'),
    validating: checks('validating'),
  };
}
