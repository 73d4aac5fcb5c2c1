/** What is scraped of one replica: metric, with labels of its own, and values in promtool's notation. */
export type Scraped = Readonly<Record<string, string>>;

/** What an installation's Service is called, and where it is. */
export interface Installed {
  readonly job: string;
  readonly namespace: string;
}

/** How many times a scene is scraped, each half a minute or, in a long one, each five. */
const scrapes = 340;

/** The same value for the whole of a scene. */
export const always = (value: number) => `${value}x${scrapes}`;
/** A counter that grows for the whole of a scene, by so much with each scrape. */
export const growing = (by: number, from = 0) => `${from}+${by}x${scrapes}`;
/** Values of promtool, one after the other. */
export const then = (...values: readonly string[]) => values.join(' ');

const yearSeconds = 31_536_000;

/** Two replicas that are well; the first one leads. Scenes begin at 1970. */
export const healthy: readonly Scraped[] = [true, false].map((leads) => ({
  up: always(1),
  outrider_build_info: always(1),
  process_start_time_seconds: always(-3600),
  outrider_leader: always(leads ? 1 : 0),
  outrider_webhook_reachable: always(leads ? 1 : 0),
  outrider_paused: always(0),
  outrider_clock_skew_seconds: always(0.1),
  outrider_certificate_expiry_timestamp_seconds: always(yearSeconds),
  'outrider_certificate_reloads_total{result="failure"}': always(0),
  outrider_configuration_last_reload_successful: always(1),
  'outrider_watch_staleness_seconds{kind="policies"}': always(20),
  'outrider_policy_conditions{condition="Ready",status="False"}': always(0),
  'outrider_policy_conditions{condition="InForce",status="False"}': always(0),
  'outrider_rejected_requests_total{cause="internal"}': always(0),
  'outrider_admission_reviews_total{door="mutate",policy="payments",decision="inject",reason="injected"}': growing(1),
  'outrider_admission_reviews_total{door="validate",policy="payments",decision="inject",reason="injected"}': growing(1),
  'outrider_admission_reviews_total{door="mutate",policy="",decision="skip",reason="no_policy"}': growing(50),
  ...(leads && {
    outrider_coverage_age_seconds: always(120),
    'outrider_coverage_pods{policy="payments",prefer="Security",state="missed"}': always(0),
    'outrider_coverage_pods{policy="payments",prefer="Security",state="forged"}': always(0),
    'outrider_coverage_pods{policy="default",prefer="Availability",state="missed"}': always(0),
    'outrider_taken_back_workloads{policy="payments",state="insisted"}': always(0),
    'outrider_taken_back_workloads{policy="default",state="left_alone"}': always(0),
  }),
}));

/**
 * Series as Prometheus has them when a ServiceMonitor found the replicas: with the labels that its operator gives them.
 */
export function scrapedFrom({ job, namespace }: Installed, replicas: readonly Scraped[]) {
  return replicas.flatMap((replica, index) =>
    Object.entries(replica).map(([series, values]) => {
      const [metric = '', labels = ''] = series.replace(/\}$/, '').split('{');
      const target = {
        job,
        namespace,
        instance: `10.0.${namespace.length}.${index}:8080`,
        pod: `${job}-${index}`,
        service: job,
        endpoint: 'plain',
        container: 'outrider',
      };
      const found = Object.entries(target).map(([label, value]) => `${label}="${value}"`);
      return { series: `${metric}{${[...found, ...(labels === '' ? [] : [labels])].join(',')}}`, values };
    }),
  );
}

/** Replicas with what is changed in each, in their order; `undefined`: that series is not there. */
export function changed(...changes: readonly Readonly<Record<string, string | undefined>>[]): readonly Scraped[] {
  return healthy.map((replica, index) => {
    const all = Object.entries({ ...replica, ...changes[index] });
    return Object.fromEntries(all.flatMap(([series, values]) => (values === undefined ? [] : [[series, values]])));
  });
}
