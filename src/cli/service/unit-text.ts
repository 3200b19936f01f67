import { hidingOf } from './hidden-folders.ts'
import type { Service } from './known-services.ts'

export interface UnitTerms {
  /** The program and its first arguments. */
  readonly program: readonly string[]
  /** Folders and files the program consists of. */
  readonly programPaths: readonly string[]
  /** Absolute; null: none is named. */
  readonly config: string | null
  /** Null: a user that is there while the service runs. */
  readonly user: string | null
  readonly drainMs: number
}

/** How a unit begins that may be replaced without asking. */
export const unitMark = '# Written by "corral service install"'

/** What stopping takes beside the running streams. */
const stopMarginMs = 15_000

/** What does not depend on anything. */
const sandbox = `PrivateTmp=yes
PrivateDevices=yes
PrivateMounts=yes
PrivateUsers=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
KeyringMode=private
LockPersonality=yes
RemoveIPC=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
# AF_NETLINK: to learn the addresses of this machine.
RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
# No MemoryDenyWriteExecute: V8 compiles JavaScript while it runs.`

/** The unit that runs a service with no more rights than it needs. */
export function unitText(service: Service, terms: UnitTerms): string {
  const { name } = service
  const config = terms.config === null ? [] : ['--config', terms.config]
  const line = [...terms.program, ...service.command, ...config].map(quoteWord).join(' ')
  return `${unitMark}, which writes it again. Put changes into a drop-in: systemctl edit ${name}

[Unit]
Description=${service.description}
Wants=network-online.target
After=network-online.target ollama.service

[Service]
Type=exec
ExecStart=${line}
${restartLines(service)}
# The first signal lets running streams end; what is still there after the time is killed.
KillSignal=SIGTERM
KillMode=mixed
TimeoutStopSec=${Math.ceil((terms.drainMs + stopMarginMs) / 1000)}

${userLines(service, terms.user)}
${folderLines(service)}
EnvironmentFile=${service.envFile.isNeeded ? '' : '-'}/etc/corral/${service.envFile.name}

NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
${homeLines(terms.programPaths)}
${sandbox}

[Install]
WantedBy=multi-user.target
`
}

/** As systemd.service(5) splits command lines; specifiers and variables are plain text. */
export function quoteWord(word: string): string {
  const plain = word.replaceAll('%', '%%').replaceAll('$', '$$$$')
  if (/^[\w@%+=:,./$~-]+$/.test(plain)) return plain
  return `"${plain.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

function restartLines({ keepsState }: Service): string {
  if (!keepsState) {
    return `Restart=always
RestartSec=10
# What it was told is wrong: trying again cannot help.
RestartPreventExitStatus=2`
  }
  return `ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=5
# A reload that comes before the program listens for it would end it.
RestartForceExitStatus=SIGHUP`
}

function userLines({ name, keepsState }: Service, user: string | null): string {
  if (user !== null) return `User=${user}`
  const owned = keepsState ? 'nothing but the folders below, which outlive it' : 'no file at all'
  return `# Nobody can log in as this user, and it owns ${owned}.
DynamicUser=yes
User=${name}`
}

function folderLines({ name, keepsState }: Service): string {
  if (!keepsState) {
    return `# It writes no file.
WorkingDirectory=/
UMask=0077`
  }
  return `WorkingDirectory=/var/lib/${name}
StateDirectory=${name}
StateDirectoryMode=0700
LogsDirectory=${name}
LogsDirectoryMode=0700
UMask=0077
# The only other folder that can be written; the file below may say "off".
Environment=CORRAL_LOG_REQUESTS=/var/log/${name}`
}

function homeLines(programPaths: readonly string[]): string {
  const hidden = programPaths.filter((path) => hidingOf(path) !== undefined)
  const inHomes = hidden.some((path) => hidingOf(path) === 'home')
  const protect = `ProtectHome=${inHomes ? 'tmpfs' : 'yes'}`
  if (hidden.length === 0) return protect
  return `${protect}
# The program lies there; of everything else beside it the service sees nothing.
BindReadOnlyPaths=${hidden.map(quotePath).join(' ')}`
}

/** A colon would begin the place it is bound to. */
function quotePath(path: string): string {
  const plain = path.replaceAll('%', '%%').replaceAll('\\', '\\\\').replaceAll(':', '\\:')
  return /\s|"|'/.test(plain) ? `"${plain.replaceAll('"', '\\"')}"` : plain
}
