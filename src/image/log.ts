/** Where things go that no pod's author may see. A pino logger is one; nothing secret is ever passed to it. */
export interface ImageLog {
  warn(facts: object, message: string): void;
}
