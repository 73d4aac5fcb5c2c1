/** The library's default metrics, one module each: it offers them all together only. */
declare module 'prom-client/lib/metrics/*.js' {
  import type { Registry } from 'prom-client';

  const register: (registry: Registry, config: { readonly eventLoopMonitoringPrecision: number }) => void;
  export default register;
}
