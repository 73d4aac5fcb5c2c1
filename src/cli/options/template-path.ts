import { Option, type Command } from 'commander';
import { parseTemplatePath, type TemplatePath } from '../../documents/manifest/template-path.js';
import { collect, textsOf, type Invocation } from '../command.js';

/** Gives a command the option for pod templates in kinds that are not in the table of workloads. */
export function addTemplatePathOption(command: Command): void {
  command.addOption(
    new Option(
      '--template-path <KIND=PATH>',
      'where objects of another kind have their pod templates, such as Fleet=spec.template.spec.template; * for each item of a list; repeatable',
    ).argParser(collect),
  );
}

/**
 * Reads the option of {@link addTemplatePathOption}.
 *
 * @throws OutriderError `usage`
 */
export function templatePaths({ flags }: Pick<Invocation, 'flags'>): readonly TemplatePath[] {
  return textsOf(flags['templatePath']).map(parseTemplatePath);
}
