import { createServer } from 'node:http';

/**
 * Serves the process's own CPU time, as Outrider's /metrics does, on a plain port of its own: user and system time in
 * microseconds.
 * @returns the port
 */
export function serveCpu(): Promise<number> {
  const server = createServer((_request, response) => {
    const { user, system } = process.cpuUsage();
    response.end(String(user + system));
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' ? (address?.port ?? 0) : 0);
    });
  });
}
