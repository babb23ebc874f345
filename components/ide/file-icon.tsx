import {
  Braces,
  File,
  FileArchive,
  FileCode2,
  FileImage,
  FileQuestionMark,
  FileSymlink,
  FileText,
  Folder,
  FolderOpen,
  GitBranch,
  SquareTerminal,
} from 'lucide-react';
import type { FileType } from '../../lib/contracts/trail.ts';

const code =
  /\.(c|cc|cpp|cs|css|go|h|hpp|html?|java|jsx?|kt|lua|m?[jt]s|php|py|rb|rs|scala|sql|svelte|swift|tsx?|vue|zig)$/i;
const data = /\.(json5?|jsonc|toml|ya?ml|xml|ini|env|lock)$/i;
const text = /\.(md|mdx|txt|rst|adoc|log|csv)$|^(readme|license|changelog)/i;
const image = /\.(png|jpe?g|gif|svg|webp|ico|avif)$/i;
const archive = /\.(zip|tar|gz|tgz|xz|bz2|zst|7z)$/i;
const shell = /\.(sh|bash|zsh|fish)$/i;

/** The icon of a file by what it is and what it is called. Shape alone tells: colour is for state. */
export function FileIcon({ name, type, open = false }: { name: string; type: FileType; open?: boolean }) {
  const Icon = iconOf(name, type, open);
  return <Icon aria-hidden className="size-4 shrink-0 text-faint" strokeWidth={1.75} />;
}

function iconOf(name: string, type: FileType, open: boolean) {
  if (type === 'directory') return name === '.git' ? GitBranch : open ? FolderOpen : Folder;
  if (type === 'symlink') return FileSymlink;
  if (type === 'other') return FileQuestionMark;
  if (shell.test(name)) return SquareTerminal;
  if (code.test(name)) return FileCode2;
  if (data.test(name)) return Braces;
  if (image.test(name)) return FileImage;
  if (archive.test(name)) return FileArchive;
  return text.test(name) ? FileText : File;
}
