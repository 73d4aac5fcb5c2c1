import { Option } from 'commander';
import type { RegistryConfig } from '../../model/registry-config.js';
import { defaultRegistryConfig } from '../../model/registry-config.js';
import { normalisePlatform } from '../../image/platforms.js';
import { apiHost, parseReference } from '../../image/reference.js';
import type { LookupReport } from '../../image/resolver.js';
import { RegistryError, type ImageReference } from '../../image/types.js';
import { OutriderError } from '../../model/error.js';
import type { JsonObject } from '../../model/json.js';
import { type CommandDefinition, exitCodes, type Invocation, textOf } from '../command.js';
import { openLookups } from './lookups.js';
import { imageFinding, imageJson, imageText, type AskedPlatform } from './text.js';
import { offlineLog, withUserConfig } from './open-images.js';
import { addColourOption, asksForData, colourChoice, dataText } from '../options/output.js';
import { commandSettings } from '../options/settings.js';
import { styleOf, useColour } from '../text/style.js';

const longestMs = 30_000;
const imageSettings = commandSettings({ 'Look-up:': ['registryConfig', 'dockerConfig', 'imageCacheFile'] });

/** `outrider image REF`: shows what an image starts, as look-ups see it. */
export const command: CommandDefinition = {
  configure(command, { programName }) {
    command.argument('<REFERENCE>', 'the image, as it stands in a pod');
    command.option('--platform <OS/ARCH[/VARIANT]>', 'only this platform; without, all that pods can land on');
    command.option('--insecure', 'talk plain HTTP to the image’s registry');
    command.addOption(
      new Option('-o, --output <FORMAT>', 'table for people (default; wide is the same), json or yaml').choices([
        'table',
        'wide',
        'json',
        'yaml',
      ]),
    );
    addColourOption(command);
    imageSettings.addTo(command);
    command.addHelpText(
      'after',
      `
Credentials come from docker’s config.json, and on a cloud’s machine from its identity.

Examples:
  ${programName} image nginx:1.27
  ${programName} image ghcr.io/acme/web:3 --platform linux/arm64 -o json
  ${programName} image localhost:5000/web --insecure

Exit codes: 0 found; 1 not found, or not to be read, for the reason that is printed; 2 wrong usage.`,
    );
  },
  run: image,
};

async function image(invocation: Invocation): Promise<number> {
  const { flags, args, io } = invocation;
  const [text = ''] = args;
  const reference = referenceOf(text);
  const platform = platformOf(textOf(flags['platform']));
  const settings = withUserConfig({ ...imageSettings.read(invocation), lookup: true }, io.env);
  const service = await openLookups(settings, {
    cwd: io.cwd,
    env: io.env,
    log: offlineLog(io.stderr),
    callerHoldsCredentials: true,
    adjust: (config) => reachable(config ?? defaultRegistryConfig, reference, flags['insecure'] === true),
  });
  if (service === undefined) throw new OutriderError('internal', 'look-ups are off');
  let report: LookupReport;
  try {
    const request = { reference: text, namespace: '', pod: podOn(platform) };
    report = await service.resolver.describe(request, AbortSignal.timeout(longestMs));
  } finally {
    await service.close();
  }
  const finding = imageFinding(text, report, platform);
  if (asksForData(flags)) io.stdout.write(dataText(flags, imageJson(finding)));
  else io.stdout.write(imageText(finding, styleOf(useColour(colourChoice(flags), io.stdout, io.env))));
  return finding.found ? exitCodes.ok : exitCodes.findings;
}

function referenceOf(text: string): ImageReference {
  try {
    return parseReference(text);
  } catch (cause) {
    if (!(cause instanceof RegistryError)) throw cause;
    throw new OutriderError('usage', `${cause.message}; give an image reference such as ghcr.io/acme/web:3.`, {
      cause,
    });
  }
}

function platformOf(text: string | undefined): AskedPlatform | undefined {
  if (text === undefined) return undefined;
  const [, os, architecture, variant] = /^([a-z0-9]+)\/([a-z0-9_]+)(?:\/([a-z0-9.]+))?$/.exec(text) ?? [];
  if (os === undefined || architecture === undefined) {
    const message = `--platform is ${JSON.stringify(text)}: it must be OS/ARCH or OS/ARCH/VARIANT, such as linux/arm64.`;
    throw new OutriderError('usage', message, { field: 'platform' });
  }
  return { os, architecture, variant };
}

/** A pod that only nodes of the platform can run. */
function podOn(platform: AskedPlatform | undefined): JsonObject {
  if (platform === undefined) return {};
  const { os, architecture } = normalisePlatform(platform);
  return { spec: { nodeSelector: { 'kubernetes.io/os': os, 'kubernetes.io/arch': architecture } } };
}

/** The caller names the registry, so it may be on this machine; what it redirects to may not. */
function reachable(config: RegistryConfig, { registry }: ImageReference, insecure: boolean): RegistryConfig {
  const { hosts = [], egress = {} } = config;
  return {
    ...config,
    hosts: insecure ? [{ host: registry, plainHttp: true }, ...hosts] : hosts,
    egress: { ...egress, allow: [...(egress.allow ?? []), apiHost(registry)] },
  };
}
