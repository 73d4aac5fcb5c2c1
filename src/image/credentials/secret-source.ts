/** A Secret as far as pull secrets need it. */
export interface PullSecret {
  readonly type: string;
  /** Values by key, decoded from base64. */
  readonly data: Readonly<Record<string, Uint8Array>>;
}

/** Reads from the cluster what pull secrets need. Both reject when the API server cannot be asked or refuses. */
export interface SecretSource {
  /** `undefined` when there is no such Secret. */
  secret(namespace: string, name: string, signal: AbortSignal): Promise<PullSecret | undefined>;
  /** Names of the `imagePullSecrets` of a ServiceAccount; empty when there is no such account. */
  pullSecretsOf(namespace: string, serviceAccount: string, signal: AbortSignal): Promise<readonly string[]>;
}
