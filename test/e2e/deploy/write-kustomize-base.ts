import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { repositoryRoot } from '../../tools/generated.js';
import { findHelm } from '../cluster/helm.js';
import { kustomizeFiles } from './kustomize-base.js';

// Rendering asks no API server.
const helm = await findHelm({ kubeconfig: '', directory: tmpdir() });
for (const [file, text] of await kustomizeFiles(helm)) writeFileSync(new URL(file, repositoryRoot), text);
