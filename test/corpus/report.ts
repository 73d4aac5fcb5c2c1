import type { FileResult } from './check-file.js';
import { findingKinds, type Finding } from './finding.js';

/** How many findings of a kind are shown, and how many files as the slowest. */
const shown = { findings: 20, slowest: 10 };

/** What a run found, as it is printed with `-o json`. */
export interface CorpusSummary {
  readonly files: number;
  readonly tooLarge: number;
  readonly documents: number;
  readonly workloads: number;
  /** How many files came out how, by profile. */
  readonly outcomes: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** How many findings, by kind. */
  readonly counts: Readonly<Record<string, number>>;
  /** The first of each kind. */
  readonly findings: readonly Finding[];
  readonly slowest: readonly { readonly file: string; readonly ms: number }[];
  readonly seconds: number;
}

/** Gathers results; it keeps counts, and no more of the files than it shows. */
export class CorpusReport {
  #files = 0;
  #tooLarge = 0;
  #documents = 0;
  #workloads = 0;
  #elapsedMs = 0;
  readonly #outcomes = new Map<string, Map<string, number>>();
  readonly #counts = new Map<string, number>();
  readonly #findings: Finding[] = [];
  #slowest: readonly { readonly file: string; readonly ms: number }[] = [];

  /** How many files were seen, and how many findings there are. */
  get progress(): { readonly files: number; readonly findings: number } {
    return { files: this.#files, findings: [...this.#counts.values()].reduce((sum, times) => sum + times, 0) };
  }

  addTooLarge(): void {
    this.#files++;
    this.#tooLarge++;
  }

  add({ name, documents, workloads, outcomes, findings, elapsedMs }: FileResult): void {
    this.#files++;
    this.#documents += documents;
    this.#workloads += workloads;
    this.#elapsedMs += elapsedMs;
    for (const [profile, outcome] of Object.entries(outcomes)) {
      const counts = this.#outcomes.get(profile) ?? new Map<string, number>();
      this.#outcomes.set(profile, counts.set(outcome, (counts.get(outcome) ?? 0) + 1));
    }
    for (const finding of findings) {
      const times = (this.#counts.get(finding.kind) ?? 0) + 1;
      this.#counts.set(finding.kind, times);
      if (times <= shown.findings) this.#findings.push(finding);
    }
    this.#slowest = [...this.#slowest, { file: name, ms: Math.round(elapsedMs) }]
      .sort((a, b) => b.ms - a.ms)
      .slice(0, shown.slowest);
  }

  /** What was found so far. */
  summary(): CorpusSummary {
    return {
      files: this.#files,
      tooLarge: this.#tooLarge,
      documents: this.#documents,
      workloads: this.#workloads,
      outcomes: Object.fromEntries([...this.#outcomes].map(([name, counts]) => [name, Object.fromEntries(counts)])),
      counts: Object.fromEntries(this.#counts),
      findings: this.#findings,
      slowest: this.#slowest,
      seconds: Math.round(this.#elapsedMs / 1000),
    };
  }
}

/** The summary for people. */
export function summaryText(summary: CorpusSummary): string {
  const { files, tooLarge, documents, workloads, outcomes, counts, findings, slowest, seconds } = summary;
  const lines = [
    `${files} files, ${tooLarge} of them too large; ${documents} documents, ${workloads} pod templates and tasks; ${seconds} s`,
    ...Object.entries(outcomes).map(([profile, each]) => `${profile}: ${listed(each)}`),
    `slowest: ${slowest.map(({ file, ms }) => `${file} ${ms} ms`).join(', ')}`,
  ];
  for (const [kind, meaning] of Object.entries(findingKinds)) {
    const times = counts[kind] ?? 0;
    if (times === 0) continue;
    const of = findings.filter((finding) => finding.kind === kind);
    lines.push('', `${kind} ${times}: ${meaning}`, ...of.map(findingText));
    if (times > of.length) lines.push(`  and ${times - of.length} more`);
  }
  lines.push('', Object.keys(counts).length === 0 ? 'Nothing was found.' : `Found: ${listed(counts)}.`);
  return `${lines.join('\n')}\n`;
}

function findingText({ file, profile, detail }: Finding): string {
  return `  ${file} (${profile}): ${detail}`;
}

function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, times]) => `${times} ${name}`)
    .join(', ');
}
