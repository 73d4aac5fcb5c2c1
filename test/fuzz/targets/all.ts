import type { Target } from '../target.js';
import { configuration } from './configuration.js';
import { debug } from './debug.js';
import { doors } from './doors.js';
import { growth } from './growth.js';
import { http } from './http.js';
import { manifests, tasks } from './manifests.js';
import { registry } from './registry.js';
import { texts } from './registry-texts.js';
import { sessions } from './sessions.js';
import { updates } from './updates.js';

/** Every target by name; with the number of inputs that the test suite gives it. */
export const targets: Readonly<
  Record<string, { readonly open: () => Target | Promise<Target>; readonly runsInSuite: number }>
> = {
  doors: { open: doors, runsInSuite: 1_000 },
  sessions: { open: sessions, runsInSuite: 600 },
  debug: { open: debug, runsInSuite: 600 },
  configuration: { open: configuration, runsInSuite: 200 },
  manifests: { open: manifests, runsInSuite: 150 },
  tasks: { open: tasks, runsInSuite: 150 },
  texts: { open: texts, runsInSuite: 200 },
  registry: { open: registry, runsInSuite: 120 },
  growth: { open: growth, runsInSuite: 44 },
  http: { open: http, runsInSuite: 100 },
  updates: { open: updates, runsInSuite: 600 },
};
