import type { ApiServer } from './api-server.js';

/** How often the API server called a webhook, and how long it waited for it in all. */
export interface WebhookCalls {
  readonly calls: number;
  readonly seconds: number;
}

const noCalls: WebhookCalls = { calls: 0, seconds: 0 };
const ofCalls = 'apiserver_admission_webhook_request_total{';
const ofSeconds = 'apiserver_admission_webhook_admission_duration_seconds_sum{';

/** The calls of mutating webhooks since the API server started, out of its own metrics, by the webhook's name. */
export async function mutatingCalls(api: Pick<ApiServer, 'kubectl'>): Promise<ReadonlyMap<string, WebhookCalls>> {
  const { stdout } = await api.kubectl(['get', '--raw', '/metrics']);
  const found = new Map<string, WebhookCalls>();
  for (const line of stdout.split('\n')) {
    const isCalls = line.startsWith(ofCalls);
    if (!isCalls && !line.startsWith(ofSeconds)) continue;
    const name = /name="([^"]*)"/.exec(line)?.[1];
    if (name === undefined || !line.includes('type="admit"')) continue;
    const { calls, seconds } = found.get(name) ?? noCalls;
    const value = Number(line.slice(line.lastIndexOf(' ')));
    found.set(name, isCalls ? { calls: calls + value, seconds } : { calls, seconds: seconds + value });
  }
  return found;
}

/** The sum of those of some webhooks. */
export function sumOfCalls(
  found: ReadonlyMap<string, WebhookCalls>,
  isWanted: (name: string) => boolean,
): WebhookCalls {
  let [calls, seconds] = [0, 0];
  for (const [name, one] of found) {
    if (!isWanted(name)) continue;
    calls += one.calls;
    seconds += one.seconds;
  }
  return { calls, seconds };
}
