/** What became of a policy's webhook entries, as their writer knows it. */
export type WebhookState =
  | { readonly state: 'Configured' }
  /** Such as for a policy that is off. */
  | { readonly state: 'NotNeeded' }
  /** Not written yet. */
  | { readonly state: 'Pending' }
  | { readonly state: 'Paused'; readonly until: string }
  | { readonly state: 'Failed'; readonly message: string };

/** What is known of a policy's access key. */
export type CredentialsState =
  | { readonly state: 'NotNeeded' }
  | { readonly state: 'Present' }
  /** Missing where pods need it. */
  | { readonly state: 'Missing'; readonly secret: string; readonly namespaces: readonly string[] }
  /** The Secret that is to be mirrored is not there, or has not the key. */
  | { readonly state: 'SourceMissing'; readonly secret: string; readonly namespace: string }
  /** Somebody else's Secret has the copy's name. */
  | { readonly state: 'MirrorBlocked'; readonly secret: string; readonly namespaces: readonly string[] }
  | { readonly state: 'Unknown'; readonly message: string };
