import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { tempFolder } from '../../test/fakes/temp-folder.ts'
import { lockAlone, lockForUse } from './store-lock.ts'

it('any number may use a store, and nobody while one has it alone', () => {
  const folder = tempFolder()
  const path = join(folder, 'corral.db')
  const users = [lockForUse(path), lockForUse(path)]
  const inUse = `The store "${path}" is in use: stop the gateway that runs on it first`
  expect(() => lockAlone(path)).toThrow(inUse)
  users[0]?.release()
  expect(() => lockAlone(path)).toThrow(inUse)
  users[1]?.release()
  const alone = lockAlone(path)
  expect(() => lockForUse(path)).toThrow(`The store "${path}" is being restored: try again when that is done`)
  alone.release()
  lockForUse(path).release()
  // It stays, because to delete it would let two hold it at once.
  expect(readdirSync(folder)).toEqual(['corral.db.lock'])
  expect(statSync(join(folder, 'corral.db.lock')).mode & 0o777).toBe(0o600)
})

it('a store in a folder that is not there cannot be locked', () => {
  expect(() => lockForUse(join(tempFolder(), 'none/corral.db'))).toThrow('its folder does not exist')
})
