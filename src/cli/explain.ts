import type { CommandDefinition } from './command.js';
export const command: CommandDefinition = { configure: () => undefined, run: () => Promise.resolve(0) };
