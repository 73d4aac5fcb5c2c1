import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { repositoryRoot } from '../../tools/generated.js';
import { findHelm } from '../cluster/helm.js';
import { baseFile, kustomizeBase } from './kustomize-base.js';

// Rendering asks no API server.
const helm = await findHelm({ kubeconfig: '', directory: tmpdir() });
writeFileSync(new URL(baseFile, repositoryRoot), await kustomizeBase(helm));
