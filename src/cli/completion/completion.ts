import { Argument } from 'commander';
import { exitCodes, type CommandDefinition } from '../command.js';
import { scripts, shells } from './scripts.js';

/** `outrider completion SHELL`: a script that completes commands, options and their values. */
export const command: CommandDefinition = {
  configure(command, { programName }) {
    command.addArgument(new Argument('<SHELL>', 'bash, zsh, fish or kubectl').choices(shells));
    command.addHelpText(
      'after',
      `
Each script asks outrider for what could stand next, and a cluster for the names of namespaces and workloads.

bash, in this shell, and in those to come:
  source <(${programName} completion bash)
  echo 'source <(${programName} completion bash)' >> ~/.bashrc
zsh, with or without compinit:
  source <(${programName} completion zsh)
  echo 'source <(${programName} completion zsh)' >> ~/.zshrc
fish:
  ${programName} completion fish | source
  ${programName} completion fish > ~/.config/fish/completions/outrider.fish
kubectl outrider, where kubectl's own completion is on. npm has put the file there already:
  ${programName} completion kubectl > kubectl_complete-outrider
  install -m 0755 kubectl_complete-outrider /usr/local/bin/`,
    );
  },
  run({ args: [shell], io }) {
    // Commander has checked the word against the choices.
    const asked = shells.find((each) => each === shell);
    if (asked !== undefined) io.stdout.write(scripts[asked]);
    return Promise.resolve(exitCodes.ok);
  },
};
