import { demo } from './cli/demo.js';
import { serve } from './cli/serve.js';
const print = (text: string): void => { process.stdout.write(text); };
if (process.argv[2] === 'demo') await demo({ program: process.argv[1] ?? '', print, colour: process.stdout.isTTY });
else {
  const flags = Object.fromEntries(process.argv.slice(3).map((a) => a.replace(/^--/, '').split('=')).map(([k, v]) => [(k ?? '').replace(/-(.)/g, (_m, c: string) => c.toUpperCase()), v]));
  await serve({ flags, env: process.env, print });
}
