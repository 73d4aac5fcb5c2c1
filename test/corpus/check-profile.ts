import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readManifests } from '../../src/documents/manifest/manifest.js';
import { isObject, objectOf, listOf, type JsonObject, type JsonValue } from '../../src/model/json.js';
import { names } from '../../src/model/names.js';
import type { Finding, FindingKind } from './finding.js';
import { forms, type Form } from './forms.js';
import { functionsInJson, functionsInYaml, functionsLost } from './functions.js';
import type { Outrider, Ran } from '../support/program.js';
import type { AskedProfile } from './profiles.js';

/** What `inject` makes of a file. */
export type FileOutcome = 'refused' | 'held' | 'changed' | 'unchanged' | 'not looked at' | 'no workload';

/** A file to be checked. */
export interface CheckedFile {
  /** Absolute. */
  readonly path: string;
  /** What findings call it. */
  readonly name: string;
  /** `undefined` where it is not UTF-8. */
  readonly text: string | undefined;
}

/** What it is checked with. */
export interface CheckTools {
  readonly outrider: Outrider;
  readonly nowMs: () => number;
  /** A folder with `images.json` in it, in which an undo record may be written. */
  readonly scratch: string;
  /** A command that takes longer is a finding. */
  readonly slowMs: number;
}

/** What came out of a file with one profile. */
export interface ProfileResult {
  readonly outcome: FileOutcome;
  readonly findings: readonly Finding[];
  /** Time of all its commands together. */
  readonly elapsedMs: number;
}

/** One file with one profile: there, there again, back, in every form of output, explained. */
export class ProfileCheck {
  readonly #file: CheckedFile;
  readonly #profile: AskedProfile;
  readonly #tools: CheckTools;
  readonly #findings: Finding[] = [];
  #elapsedMs = 0;

  constructor(file: CheckedFile, profile: AskedProfile, tools: CheckTools) {
    this.#file = file;
    this.#profile = profile;
    this.#tools = tools;
  }

  /** Runs every command; never rejects for what a command does. */
  async run(): Promise<ProfileResult> {
    const first = await this.#inject(['--report', 'json', '--undo-file', 'undo.json']);
    const outcome = this.#outcomeOf(first);
    const explained = await this.#outrider(['explain', ...this.#flags]);
    const explainedJson = await this.#outrider(['explain', ...this.#flags, '-o', 'json']);
    for (const { code } of [explained, explainedJson]) {
      if ((code === 2) !== (first.code === 2))
        this.#find('exit_code', `inject ends with ${first.code}, explain with ${code}`);
    }
    if (explainedJson.code === 0) this.#parsed(explainedJson.stdout, 'report', 'explain -o json');
    if (first.code === 0) await this.#checkOutput(first.stdout);
    else if (first.stdout !== '') this.#find('exit_code', `inject ends with ${first.code}, and writes a file`);
    return { outcome, findings: this.#findings, elapsedMs: this.#elapsedMs };
  }

  async #checkOutput(after: string): Promise<void> {
    const before = this.#file.text ?? '';
    const form = this.#read(before, after);
    if (form === undefined) return;
    this.#checkDocuments(form);
    const lost = functionsLost(functionsInYaml(before), functionsInYaml(after));
    if (lost.length > 0) this.#find('functions', `-o yaml: ${lost.join(', ')}`);
    await this.#checkForms(form);
    if (!before.includes(names.undo)) {
      const untouched = await this.#outrider(['uninject', '-f', this.#file.path, '-q']);
      this.#same('uninject', 'uninject', untouched, before);
    }
    // What did not change is there again and back already.
    if (after !== before) await this.#checkWays(before, after);
  }

  async #checkWays(before: string, after: string): Promise<void> {
    const again = await this.#outrider(['inject', ...this.#recipe, '-f', '-', '--report', 'json'], after);
    this.#same('second_run', 'inject', again, after);
    // What came in injected is given back as it was before that.
    if (before.includes(names.undo)) return;
    const record = existsSync(join(this.#tools.scratch, 'undo.json')) ? ['--undo-file', 'undo.json'] : [];
    const back = await this.#outrider(['uninject', '-f', '-', ...record, '-q'], after);
    this.#same('round_trip', 'uninject', back, before);
  }

  #checkDocuments({ before, after }: Form): void {
    if (before.length !== after.length) {
      this.#find('without_pod', `${before.length} documents become ${after.length}`);
      return;
    }
    for (const [index, { templates, tasks, text, line }] of before.entries()) {
      const isWorkload = templates.length + tasks.length > 0;
      if (!isWorkload && after[index]?.text !== text) this.#find('without_pod', `line ${line}`);
    }
  }

  async #checkForms(form: Form): Promise<void> {
    for (const name of ['json', 'patch', 'diff'] as const) {
      const { code, stdout } = await this.#inject(['-q', '-o', name]);
      if (code !== 0) {
        this.#find('exit_code', `inject ends with 0, with -o ${name} ${code}`);
        continue;
      }
      const printed = name === 'diff' ? null : this.#parsed(stdout, 'forms', `-o ${name}`);
      if (printed === undefined) continue;
      const wrong = this.#attempt('forms', () => forms[name](stdout, form));
      if (wrong !== undefined) this.#find('forms', `-o ${name}: ${wrong}`);
      if (name !== 'json') continue;
      const lost = functionsLost(functionsInYaml(form.afterText), functionsInJson(printed));
      if (lost.length > 0) this.#find('functions', `-o json: ${lost.join(', ')}`);
    }
  }

  #outcomeOf({ code, stdout, stderr }: Ran): FileOutcome {
    if (code === 2) return 'refused';
    const report = this.#parsed(stderr, 'report', 'inject --report json');
    if (code === 1) return 'held';
    if (stdout !== this.#file.text) {
      if (changedIn(report) === 0)
        this.#find('without_pod', 'the report says that nothing changed, and the file differs');
      return 'changed';
    }
    if (listOf(objectOf(report)?.['templates']).length > 0) return 'unchanged';
    return listOf(objectOf(report)?.['notLookedAt']).length > 0 ? 'not looked at' : 'no workload';
  }

  #read(beforeText: string, afterText: string): Form | undefined {
    return this.#attempt('round_trip', () => ({
      before: readManifests(beforeText, 'before'),
      after: readManifests(afterText, 'after'),
      beforeText,
      afterText,
    }));
  }

  #same(kind: FindingKind, command: string, { code, stdout, stderr }: Ran, wanted: string): void {
    if (code !== 0) this.#find(kind, `${command} ends with ${code}: ${firstError(stderr)}`);
    else if (stdout !== wanted) this.#find(kind, difference(wanted, stdout));
  }

  get #recipe(): readonly string[] {
    return [...this.#profile.argv, '--image-config', 'images.json'];
  }

  get #flags(): readonly string[] {
    return [...this.#recipe, '-f', this.#file.path];
  }

  async #inject(flags: readonly string[]): Promise<Ran> {
    return this.#outrider(['inject', ...this.#flags, ...flags]);
  }

  async #outrider(argv: readonly string[], stdin?: string): Promise<Ran> {
    const { outrider, nowMs, scratch, slowMs } = this.#tools;
    const command = argv[0] ?? '';
    const startMs = nowMs();
    const ran = await outrider(argv, scratch, stdin).catch((error: unknown) => {
      this.#find('crash', `${command}: ${String(error)}`);
      return { code: 2, stdout: '', stderr: '' };
    });
    const tookMs = nowMs() - startMs;
    this.#elapsedMs += tookMs;
    if (tookMs > slowMs) this.#find('slow', `${command}: ${Math.round(tookMs)} ms`);
    const fault = /^outrider: error: internal: .*|^ +at .*:\d+:\d+\)?$|\berror: internal: [^"]*/m.exec(ran.stderr);
    if (fault !== null) this.#find('crash', `${command}: ${fault[0].slice(0, 300)}`);
    if (![0, 1, 2].includes(ran.code)) this.#find('exit_code', `${command} ends with ${ran.code}`);
    return ran;
  }

  #parsed(text: string, kind: FindingKind, what: string): JsonValue | undefined {
    try {
      return JSON.parse(text) as JsonValue;
    } catch {
      this.#find(kind, `${what} is no JSON: ${text.slice(0, 100).trim()}`);
      return undefined;
    }
  }

  #attempt<T>(kind: FindingKind, action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      this.#find(kind, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  #find(kind: FindingKind, detail: string): void {
    const line = detail.replaceAll(/\s*\n\s*/g, ' ').slice(0, 400);
    this.#findings.push({ kind, file: this.#file.name, profile: this.#profile.name, detail: line });
  }
}

function changedIn(report: JsonValue | undefined): JsonValue | undefined {
  const summary: JsonObject | undefined = isObject(report) ? objectOf(report['summary']) : undefined;
  return summary?.['changed'];
}

function firstError(stderr: string): string {
  return stderr.split('\n').find((line) => line.includes('error')) ?? stderr.trim().slice(0, 200);
}

/** The first line that differs. */
function difference(wanted: string, got: string): string {
  const [before, after] = [wanted.split('\n'), got.split('\n')];
  const at = before.findIndex((line, index) => line !== after[index]);
  const index = at === -1 ? before.length : at;
  return `line ${index + 1}: ${quoted(before[index])} becomes ${quoted(after[index])}`;
}

function quoted(line: string | undefined): string {
  return line === undefined ? 'nothing' : JSON.stringify(line.slice(0, 120));
}
