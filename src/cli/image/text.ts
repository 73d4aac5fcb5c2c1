import { normalisePlatform, platformText } from '../../image/platforms.js';
import type { PlatformRow } from '../../image/reading.js';
import type { LookupReport } from '../../image/resolver.js';
import type { JsonObject } from '../../model/json.js';
import { networkCauseText, type NetworkCause } from '../../model/network-cause.js';
import { reasons, type ReasonCode } from '../../model/reasons.js';
import type { Style } from '../text/style.js';
import { table } from '../text/table.js';

/** The value of `--platform`. */
export interface AskedPlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | undefined;
}

/** The result of a look-up, with the answer for the requested platform if there is one. */
export type ImageFinding = {
  readonly written: string;
  readonly report: LookupReport;
  readonly platforms: readonly PlatformRow[];
} & (
  | { readonly found: true; readonly source: string }
  | {
      readonly found: false;
      readonly reason: ReasonCode;
      readonly detail: string;
      readonly remedy: string;
      /** Why the registry was not reached. */
      readonly cause?: NetworkCause;
    }
);

/** Judges a report: if a platform was requested, its answer counts, whatever the image starts on other platforms. */
export function imageFinding(written: string, report: LookupReport, asked: AskedPlatform | undefined): ImageFinding {
  const { outcome } = report;
  const wanted = asked === undefined ? undefined : platformText(normalisePlatform(asked));
  const platforms = report.platforms.filter(
    ({ platform }) => wanted === undefined || asked?.variant === undefined || platform === wanted,
  );
  const all = { written, report, platforms };
  const only = asked?.variant !== undefined && report.platforms.length > 0;
  if (only && platforms.length === 0) {
    const has = report.platforms.map(({ platform }) => platform).join(', ');
    const detail = `${written} → it has no image for ${wanted ?? ''}; it has ${has}`;
    return { ...all, found: false, reason: 'image_not_runnable', detail, remedy: reasons.image_not_runnable.remedy };
  }
  if (outcome.ok) return { ...all, found: true, source: outcome.source };
  if (only && outcome.reason === 'image_platforms_differ') return { ...all, found: true, source: 'registry' };
  const { reason, detail } = outcome;
  return { ...all, found: false, reason, detail, remedy: reasons[reason].remedy, ...unreached(written, report) };
}

/** The message about a registry that was not reached. It describes the last step, after which no request was made. */
function unreached(
  written: string,
  { outcome, steps }: LookupReport,
): { readonly detail: string; readonly remedy: string; readonly cause: NetworkCause } | undefined {
  const { cause, code } = steps.at(-1) ?? {};
  const isUnreached = !outcome.ok && ['registry_unreachable', 'lookup_timeout'].includes(outcome.reason);
  if (!isUnreached || cause === undefined) return undefined;
  const { what, remedy } = networkCauseText(cause);
  const detail = `${written} → the registry’s host ${what}${code === undefined ? '' : ` (${code})`}`;
  return { detail, remedy, cause };
}

/** The finding as JSON for programs. */
export function imageJson(finding: ImageFinding): JsonObject {
  const { report, platforms, written } = finding;
  return {
    image: written,
    ...(report.reference === undefined ? {} : { reference: report.reference }),
    found: finding.found,
    ...(finding.found
      ? { source: finding.source }
      : {
          reason: finding.reason,
          detail: finding.detail,
          ...(finding.cause === undefined ? {} : { cause: finding.cause }),
          remedy: finding.remedy,
        }),
    ...(report.digest === undefined ? {} : { digest: report.digest }),
    ...(report.credential === undefined ? {} : { credential: { ...report.credential } }),
    platforms: platforms.map(({ platform, digest, config }) => ({
      platform,
      digest,
      entrypoint: [...config.entrypoint],
      cmd: [...config.cmd],
    })),
    steps: report.steps.map(({ step, subject, credential, tookMs, result }) => ({
      step,
      subject,
      ...(credential === undefined ? {} : { credential }),
      tookMs: rounded(tookMs),
      result,
    })),
    tookMs: rounded(report.tookMs),
  };
}

/** The finding as tables for people. */
export function imageText(finding: ImageFinding, { bold, dim, good, bad }: Style): string {
  const { report, platforms } = finding;
  const facts: [string, string][] = [];
  if (report.reference !== undefined) facts.push(['reference', safe(report.reference)]);
  if (finding.found) facts.push(['found', good(`in the ${finding.source}`)]);
  else facts.push(['not found', bad(finding.reason)], ['', safe(finding.detail)], ['fix', finding.remedy]);
  if (report.digest !== undefined) facts.push(['digest', report.digest]);
  if (report.credential !== undefined) {
    const { source, kind } = report.credential;
    facts.push(['credential', source === kind ? source : `${source} (${kind})`]);
  }
  facts.push(['took', `${rounded(report.tookMs)} ms`]);
  const parts = [rows(facts.map(([name, value]) => [bold(name), value]))];
  if (platforms.length > 0) {
    const head = ['PLATFORM', 'ENTRYPOINT', 'CMD', 'DIGEST'].map(dim);
    parts.push(
      rows([head, ...platforms.map(({ platform, digest, config }) => [safe(platform), ...argv(config), digest])]),
    );
  }
  if (report.steps.length > 0) {
    const head = ['STEP', 'TOOK', 'RESULT', 'CREDENTIAL', 'OF'].map(dim);
    const steps = report.steps.map(({ step, tookMs, result, credential = '', subject }) => [
      step,
      `${rounded(tookMs)} ms`,
      result,
      credential,
      safe(subject),
    ]);
    parts.push(rows([head, ...steps]));
  }
  return parts.join('\n');
}

function argv({ entrypoint, cmd }: PlatformRow['config']): readonly string[] {
  return [safe(JSON.stringify(entrypoint)), safe(JSON.stringify(cmd))];
}

function rows(lines: readonly (readonly string[])[]): string {
  return table(lines.map((cells) => ({ cells, below: [] })));
}

/** A registry's answer may hold anything, so it must not be able to control the terminal. */
function safe(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
