import { flag, text } from '../setting.js';

/** What is known about images, and how registries are asked. */
export const imagesRows = {
  imageConfig: text({
    flag: 'image-config',
    placeholder: 'FILE',
    default: '',
    help: 'With --cluster, what images start: JSON, {"REFERENCE": {"entrypoint": […], "cmd": […]}}. Read at the start.',
  }),
  lookup: flag({
    flag: 'lookup',
    default: true,
    help: 'Ask registries what images start, for containers that give no command. false: image maps and annotations only.',
  }),
  registryConfig: text({
    flag: 'registry-config',
    placeholder: 'FILE',
    default: '',
    help: 'RegistryConfiguration: mirrors, plain HTTP, certificate authorities, allowed registries, cache times. Read at the start.',
  }),
  dockerConfig: text({
    flag: 'docker-config',
    placeholder: 'FILE',
    default: '',
    help: 'Docker’s config.json with credentials for registries. Empty: none for serve, and a user’s own for the other commands.',
  }),
  imageCacheFile: text({
    flag: 'image-cache-file',
    placeholder: 'FILE',
    default: '',
    help: 'File that keeps what is known of images over a restart. Empty: none.',
  }),
} as const;
