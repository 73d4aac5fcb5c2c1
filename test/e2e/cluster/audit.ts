import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { objectOf, stringOf } from '../../../src/model/json.js';

/** What an API server writes its audit log by, and where. */
export interface AuditFiles {
  readonly policyFile: string;
  readonly logFile: string;
}

/** A request that someone made. */
export interface AuditedRequest {
  readonly user: string;
  readonly verb: string;
  /** Empty for the core group. */
  readonly group: string;
  /** With a subresource after a slash. */
  readonly resource: string;
  /** Empty for what has none. */
  readonly namespace: string;
  /** Empty where none was asked for. */
  readonly name: string;
  readonly code: number;
  /** Whether the API server was asked to store nothing. */
  readonly dryRun: boolean;
}

/** Has every request to an object written down, as it is answered, without bodies. */
export function createAuditFiles(directory: string): AuditFiles {
  const policyFile = join(directory, 'audit-policy.json');
  const rules = [{ level: 'None', nonResourceURLs: ['*'] }, { level: 'Metadata' }];
  const policy = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages: ['RequestReceived'], rules };
  writeFileSync(policyFile, JSON.stringify(policy));
  return { policyFile, logFile: join(directory, 'audit.log') };
}

/** Reads what was written down so far. */
export function readAudit({ logFile }: AuditFiles): readonly AuditedRequest[] {
  if (!existsSync(logFile)) return [];
  const lines = readFileSync(logFile, 'utf8').split('\n');
  // The last one may be half written.
  return lines.slice(0, -1).map((line) => {
    const { user, verb, objectRef, responseStatus, requestURI } = objectOf(JSON.parse(line)) ?? {};
    const about = objectOf(objectRef) ?? {};
    const subresource = stringOf(about['subresource']);
    const resource = stringOf(about['resource']) ?? '';
    return {
      user: stringOf(objectOf(user)?.['username']) ?? '',
      verb: stringOf(verb) ?? '',
      group: stringOf(about['apiGroup']) ?? '',
      resource: subresource === undefined ? resource : `${resource}/${subresource}`,
      namespace: stringOf(about['namespace']) ?? '',
      name: stringOf(about['name']) ?? '',
      code: Number(objectOf(responseStatus)?.['code'] ?? 0),
      dryRun: /[?&]dryRun=All(&|$)/.test(stringOf(requestURI) ?? ''),
    };
  });
}
