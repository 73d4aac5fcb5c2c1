/** How a container starts, as far as needed to tell whether its image's own program runs. */
export interface ContainerStart {
  /** The words of its own `command`; `undefined` where they are not known. Empty: the image's entrypoint. */
  readonly command: readonly string[] | undefined;
  /** The words of its own `args`; `undefined` where they are not known. */
  readonly args: readonly string[] | undefined;
  /** What could replace the image's program by another, in a few words; `undefined` if nothing could. */
  readonly bent: string | undefined;
  /** Its mount paths, cleaned, each with a slash at the end. */
  readonly mounts: readonly string[];
}
