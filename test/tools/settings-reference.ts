import { settingKeys } from '../../src/settings/settings.js';
import { settingsTable } from '../../src/settings/table.js';
import { environmentName } from '../../src/settings/setting.js';

/** The reference page of the settings, as Markdown. */
export function settingsMarkdown(): string {
  const rows = settingKeys.map((key) => {
    const setting = settingsTable[key];
    const usage = `--${setting.flag} ${setting.placeholder}`;
    const fallback = setting.defaultText === '' ? '' : code(setting.defaultText);
    const fileKey = key === 'settingsFile' ? '' : code(key);
    return `| ${code(usage)} | ${code(environmentName(setting.flag))} | ${fileKey} | ${fallback} | ${setting.help} |`;
  });
  return `# Settings of \`outrider serve\`

A flag wins over the environment variable, that over the settings file, that over the default. Lists are
comma-separated in a flag or a variable and a sequence in the file; a list's flag may also be given several times.
Variables that are not in this table are not looked at.

| Flag | Variable | Key in the file | Default | Meaning |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

function code(words: string): string {
  return `\`${words.replaceAll('|', '\\|')}\``;
}
