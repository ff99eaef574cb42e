const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";
const TIME_DIGITS = 10;
const RANDOM_DIGITS = 16;

/**
 * A key for one send: 26 characters, 50 bits of time first and 80 random bits after, so that keys
 * made one after another lie side by side in the server's index.
 */
export function newKey(now = Date.now()) {
  let time = "";
  for (let rest = now, digit = 0; digit < TIME_DIGITS; digit += 1) {
    time = DIGITS[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  const bytes = crypto.getRandomValues(new Uint8Array(RANDOM_DIGITS));
  return time + Array.from(bytes, (byte) => DIGITS[byte % 32]).join("");
}
