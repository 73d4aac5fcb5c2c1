import { choice, integer, list, text } from '../setting.js';

/** Where the certificate comes from, what of it is trusted, and whose certificates clients show. */
export const certificatesRows = {
  certificates: choice({
    flag: 'certificates',
    of: ['auto', 'self-managed', 'files', 'development'],
    default: 'auto',
    help: 'Where the certificate comes from. auto: files with --tls-cert, self-managed with --cluster, else development.',
  }),
  caBundle: text({
    flag: 'ca-bundle',
    placeholder: 'FILE',
    default: '',
    help: 'Authorities, PEM, that the API server is told to trust, with --cluster and --tls-cert. Watched. Empty: the certificate’s own chain.',
  }),
  leafLifetimeMinutes: integer({
    flag: 'leaf-lifetime-minutes',
    placeholder: 'MINUTES',
    default: 90 * 24 * 60,
    min: 2,
    max: 400 * 24 * 60,
    help: 'How long a self-managed certificate is valid. It is renewed at two thirds of it.',
  }),
  caLifetimeMinutes: integer({
    flag: 'ca-lifetime-minutes',
    placeholder: 'MINUTES',
    default: 10 * 365 * 24 * 60,
    min: 4,
    max: 30 * 365 * 24 * 60,
    help: 'How long a self-managed authority is valid. It is replaced at two thirds of it.',
  }),
  caOverlapSeconds: integer({
    flag: 'ca-overlap-seconds',
    placeholder: 'SECONDS',
    default: 300,
    min: 1,
    max: 24 * 60 * 60,
    help: 'How long a new authority is trusted before a certificate of it is served, and a new key of the port known before the API server calls by it.',
  }),
  clientCa: text({
    flag: 'client-ca',
    placeholder: 'FILE',
    default: '',
    help: 'Authorities, PEM, of the API server’s client certificate. Given: a review without one of theirs is refused. Watched.',
  }),
  clientNames: list({
    flag: 'client-name',
    placeholder: 'NAMES',
    default: [],
    help: 'Common names that the client certificate may have. Empty: any.',
  }),
} as const;
