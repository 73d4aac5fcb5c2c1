import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { repositoryRoot } from '../../tools/generated.js';
import { findHelm } from '../cluster/helm.js';
import { rightsFile, rightsPage } from './rights-page.js';

// Rendering asks no API server.
const helm = await findHelm({ kubeconfig: '', directory: tmpdir() });
writeFileSync(new URL(rightsFile, repositoryRoot), await rightsPage(helm));
