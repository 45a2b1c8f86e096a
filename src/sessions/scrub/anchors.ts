import { type ByteSearch, byteSearch } from './byte-search.ts';

interface Anchor {
  needles: readonly string[];
  /**
   * What the bytes from the needle on have to look like, as Latin-1, for it to be worth a closer look. In a
   * transcript line ends are written `\n`, quotes `\"`, other control characters `\u001b`.
   */
  near?: RegExp;
}

const address = '://';

const blank = String.raw`(?:[ \t\r\n]|\\{1,9}[nrtbfu]|[^\x20-\x7e])`;

/**
 * Every rule needs one of these in the bytes of a line; a line without any is copied as it is. A rule that is
 * added, here or by a new version of the preset, needs its anchor: a test holds one secret for each.
 */
const anchors: readonly Anchor[] = [
  { needles: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], near: /gh[pousr]_[A-Za-z0-9._-]{20}/y },
  { needles: ['github_pat_'] },
  { needles: ['sk-ant-'], near: /sk-ant-[A-Za-z0-9_-]{10}/y },
  { needles: ['sk-proj-', 'sk-svcacct-', 'sk-admin-'], near: /sk-[a-z]+-[A-Za-z0-9_-]{40}/y },
  { needles: ['T3BlbkFJ'] },
  { needles: ['ATATT'], near: /ATATT[A-Za-z0-9_=-]{20}/y },
  { needles: ['AKIA', 'ASIA'], near: /A[KS]IA[A-Z0-9]{16}/y },
  { needles: ['cret_access_key', 'cret_accesskey', 'cretaccess_key', 'cretaccesskey'] },
  { needles: ['CRET_ACCESS_KEY', 'CRET_ACCESSKEY', 'CRETACCESS_KEY', 'CRETACCESSKEY'] },
  { needles: ['cret_Access_Key', 'cret_AccessKey', 'cretAccess_Key', 'cretAccessKey'] },
  { needles: ['.eyJ'], near: /\.eyJ[A-Za-z0-9_-]{8}/y },
  { needles: ['PRIVATE KEY'] },
  { needles: ['npm_'], near: /npm_[A-Za-z0-9_]{36}/y },
  { needles: ['_auth', '_password'], near: /_(?:authToken|auth|password)[^A-Za-z0-9]{0,40}=/y },
  { needles: [address] },
  { needles: ['earer', 'EARER', 'asic', 'ASIC'], near: bearer() },
  { needles: ['xoxa-', 'xoxb-', 'xoxe-', 'xoxo-', 'xoxp-', 'xoxr-', 'xoxs-', 'xapp-', 'xoxe.'] },
  { needles: ['xoxc-', 'xoxd-', 'hooks.slack.com', 'HOOKS.SLACK.COM'] },
  { needles: ['SG.'], near: /SG\.\w{1,128}\.\w{2}/y },
  { needles: ['shppa_', 'shpca_', 'shpat_', 'shpss_'] },
  { needles: ['k_live_', 'k_test_'], near: /k_(?:live|test)_[A-Za-z0-9]{24}/y },
  {
    needles: [
      'glpat-',
      'gldt-',
      'glrt-',
      'glptt-',
      'glcbt-',
      'glsoat-',
      'glft-',
      'glimt-',
      'glagent-',
      'gloas-',
    ],
  },
  { needles: ['glc_'], near: /glc_[A-Za-z0-9+/]{32}/y },
  { needles: ['glsa_'] },
  { needles: ['gsk_'], near: /gsk_[a-zA-Z0-9]{52}/y },
  { needles: ['hf_'], near: /hf_[a-zA-Z]{34}/y },
  { needles: ['lin_api_'] },
  { needles: ['ntn_'], near: /ntn_[0-9]{11}/y },
  { needles: ['ops_ey'] },
  { needles: ['hvs.', 'hvb.', 'hvr.'], near: /hv[sbr]\.[A-Za-z0-9_-]{24}/y },
  { needles: ['vcp_', 'vci_', 'vca_', 'vcr_', 'vck_'], near: /vc[piark]_[A-Za-z0-9]{20}/y },
  { needles: ['dapi'], near: /dapi[A-Fa-f0-9]{32}/y },
  { needles: ['dckr_pat_'] },
  { needles: ['figd_'] },
  { needles: ['cfk_', 'cfut_', 'cfat_'], near: /cf(?:k|ut|at)_[A-Za-z0-9]{40}/y },
  { needles: ['tskey-'] },
  { needles: ['AIza'], near: /AIza[A-Za-z0-9_-]{35}/y },
  { needles: ['GOCSPX-'] },
  { needles: ['ya29.'] },
  { needles: ['pypi-AgE'] },
  { needles: ['rubygems_'] },
  { needles: ['dop_v1_', 'doo_v1_', 'dor_v1_'] },
  { needles: ['PMAK-'] },
  { needles: ['sntrys_', 'sntryu_'] },
  { needles: ['sbp_'], near: /sbp_[a-f0-9]{40}/y },
  { needles: ['pscale_'] },
  { needles: ['dp.pt.', 'dp.st.', 'dp.ct.', 'dp.sa.', 'dp.scim.', 'dp.audit.'] },
  { needles: ['AGE-SECRET-KEY-1'] },
  { needles: ['dxk1_'] },
  { needles: ['AccountKey=', 'AccessKey='] },
  {
    needles: ['TOKEN', 'SECRET', 'PASSWORD', 'PASSWD', 'KEY=', 'KEY"', "KEY'", 'KEY:', 'KEY\\'],
    near: assigned(),
  },
];

function bearer(): RegExp {
  return new RegExp(`(?:earer|EARER|asic|ASIC)${blank}{1,24}[A-Za-z0-9._~+/=-]{16}`, 'y');
}

function assigned(): RegExp {
  return /(?:TOKEN|SECRET|PASSWORD|PASSWD|KEY)\\{0,9}["']?(?:=|: ?)\\{0,9}["']?[A-Za-z0-9+/_.=-]{16}/y;
}

/** Bytes from a needle on that a `near` pattern looks at. */
const nearBytes = 200;

const needles = anchors.flatMap(({ needles, near }) => needles.map((needle) => ({ needle, near })));
const search: ByteSearch = byteSearch(needles.map(({ needle }) => Buffer.from(needle)));

/** Calls `found` where something may be a secret by its form; a true answer ends the search, and is its answer. */
export function searchAnchors(bytes: Buffer, found: (at: number) => boolean): boolean {
  return search(bytes, (at, index) => {
    const { needle, near } = needles[index] ?? {};
    if (needle === address && !mayHoldPassword(bytes, at + address.length)) return false;
    if (near) {
      near.lastIndex = 0;
      if (!near.test(bytes.toString('latin1', at, Math.min(at + nearBytes, bytes.length)))) return false;
    }
    return found(at);
  });
}

/** Whether an address in the bytes may have a password. */
export function searchAddresses(bytes: Buffer): boolean {
  for (let found = bytes.indexOf(address); found >= 0; found = bytes.indexOf(address, found + 1)) {
    if (mayHoldPassword(bytes, found + address.length)) return true;
  }
  return false;
}

/** Longest user and password in an address that a rule knows, in bytes. */
const longestUser = 2_600;
const [slash, at, colon, space] = [0x2f, 0x40, 0x3a, 0x20];

/** Whether an `@` follows before the host ends, and a colon before it. */
function mayHoldPassword(bytes: Buffer, from: number): boolean {
  const until = Math.min(bytes.length, from + longestUser);
  let hasColon = false;
  for (let position = from; position < until; position += 1) {
    const byte = bytes[position] ?? slash;
    if (byte === at && hasColon) return true;
    if (byte === colon) hasColon = true;
    if (byte === slash || byte <= space) return false;
  }
  return false;
}
