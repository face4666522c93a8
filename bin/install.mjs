import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withLock } from './lock.mjs'
import { compiledIn } from './node.mjs'
import { installPackages } from './npm.mjs'
import { completePiece, missingPieces } from './pieces.mjs'

/** Installs what package-lock.json names when that is not there yet; costs a few milliseconds when it is. */
export async function ensureInstalled(root) {
  if (isCurrent(root) && missingPieces(root).length === 0) return
  await withLock(join(root, '.signalbox', 'install.lock'), async () => {
    if (!isCurrent(root)) {
      await installPackages(root)
      rmSync(compiledIn(root), { recursive: true, force: true })
      writeFileSync(stampOf(root), digestOfLock(root))
    }
    for (const piece of missingPieces(root)) await completePiece(root, piece)
  })
}

/** Installed by us from this very lock file; or by npm, after it was written, when somebody ran npm themselves. */
function isCurrent(root) {
  const npmRecord = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(npmRecord)) return false
  if (existsSync(stampOf(root)) && readFileSync(stampOf(root), 'utf8') === digestOfLock(root)) return true
  return statSync(npmRecord).mtimeMs >= statSync(lockOf(root)).mtimeMs
}

const lockOf = (root) => join(root, 'package-lock.json')
const stampOf = (root) => join(root, 'node_modules', '.signalbox-installed')
const digestOfLock = (root) =>
  createHash('sha256')
    .update(readFileSync(lockOf(root)))
    .digest('hex')
