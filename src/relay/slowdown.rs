//! Who guesses tokens is made to wait, by address.

use std::net::IpAddr;

use heapless::Vec;

/// How many addresses are remembered. In a LAN more than these do not guess at one time; if they
/// do, the one whose last try is longest ago is forgotten.
const MAX_ADDRESSES: usize = 32;

/// So many wrong logins are a person's typing, or programs with an old token at their start. From
/// this one on the address waits.
const PATIENCE: u8 = 5;

/// The longest wait: with one try a minute no token is ever guessed, and a program whose token was
/// set right works again soon.
const MAX_WAIT_MS: u64 = 60_000;

/// An address is forgotten so long after its last wrong login.
const FORGET_MS: u64 = 10 * 60_000;

/// The addresses that wrong logins have come from.
#[derive(Debug, Default)]
pub(super) struct Slowdown {
    addresses: Vec<Address, MAX_ADDRESSES>,
}

#[derive(Debug)]
struct Address {
    address: IpAddr,
    failures: u8,
    /// Of the last wrong login, in milliseconds since boot.
    failed_ms: u64,
}

impl Address {
    /// Until when no login from here is looked at: 1 s, then twice as long for each wrong one more.
    fn until_ms(&self) -> u64 {
        let Some(doublings) = self.failures.checked_sub(PATIENCE) else { return self.failed_ms };
        self.failed_ms + (1000 << doublings.min(16)).min(MAX_WAIT_MS)
    }
}

impl Slowdown {
    /// In how many seconds a login from `address` is looked at, rounded up; 0: now.
    ///
    /// A right login does not make an address forgotten: whoever has a token of their own could
    /// guess others' at any speed.
    pub fn wait_s(&self, now_ms: u64, address: IpAddr) -> u32 {
        let known = self.addresses.iter().find(|a| a.address == address);
        let wait_ms = known.map_or(0, |a| a.until_ms().saturating_sub(now_ms));
        wait_ms.div_ceil(1000) as u32
    }

    /// A wrong login has come from `address`.
    pub fn failed(&mut self, now_ms: u64, address: IpAddr) {
        self.addresses.retain(|a| now_ms.saturating_sub(a.failed_ms) < FORGET_MS);
        if let Some(known) = self.addresses.iter_mut().find(|a| a.address == address) {
            known.failures = known.failures.saturating_add(1);
            known.failed_ms = now_ms;
            return;
        }
        if self.addresses.is_full()
            && let Some((oldest, _)) = self.addresses.iter().enumerate().min_by_key(|(_, a)| a.failed_ms)
        {
            self.addresses.swap_remove(oldest);
        }
        // There is room now.
        let _ = self.addresses.push(Address { address, failures: 1, failed_ms: now_ms });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        [192, 168, 1, last].into()
    }

    #[test]
    fn from_the_fifth_wrong_login_on_an_address_waits_up_to_a_minute() {
        let mut slowdown = Slowdown::default();
        let (mut now_ms, mut waits) = (1000, std::vec::Vec::new());
        for _ in 0..13 {
            slowdown.failed(now_ms, address(7));
            let wait_s = slowdown.wait_s(now_ms, address(7));
            waits.push(wait_s);
            now_ms += u64::from(wait_s) * 1000;
            assert_eq!(slowdown.wait_s(now_ms, address(7)), 0);
            assert_eq!(slowdown.wait_s(now_ms, address(8)), 0);
        }
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn a_wait_is_told_in_whole_seconds_that_suffice() {
        let mut slowdown = Slowdown::default();
        (0..7).for_each(|_| slowdown.failed(10_000, address(7)));
        for (now_ms, wait_s) in [(10_000, 4), (10_001, 4), (13_000, 1), (13_999, 1), (14_000, 0)] {
            assert_eq!(slowdown.wait_s(now_ms, address(7)), wait_s, "{now_ms}");
        }
    }

    #[test]
    fn any_number_of_wrong_logins_is_counted_without_harm() {
        let mut slowdown = Slowdown::default();
        (0..1000).for_each(|_| slowdown.failed(0, address(7)));
        assert_eq!(slowdown.wait_s(0, address(7)), 60);
    }

    #[test]
    fn ten_minutes_after_its_last_wrong_login_an_address_is_forgotten() {
        let mut slowdown = Slowdown::default();
        (0..5).for_each(|_| slowdown.failed(0, address(7)));
        slowdown.failed(FORGET_MS - 1, address(7));
        assert_eq!(slowdown.wait_s(FORGET_MS - 1, address(7)), 2);
        let later_ms = 2 * FORGET_MS;
        slowdown.failed(later_ms, address(7));
        assert_eq!(slowdown.wait_s(later_ms, address(7)), 0);
    }

    #[test]
    fn of_too_many_addresses_the_one_longest_quiet_is_forgotten() {
        let mut slowdown = Slowdown::default();
        for last in 0..MAX_ADDRESSES as u8 {
            (0..5).for_each(|_| slowdown.failed(u64::from(last), address(last)));
        }
        slowdown.failed(100, address(0));
        slowdown.failed(200, address(200));
        assert_eq!(slowdown.addresses.len(), MAX_ADDRESSES);
        assert_eq!(slowdown.wait_s(200, address(0)), 2);
        assert_eq!(slowdown.wait_s(200, address(1)), 0);
        assert_eq!(slowdown.wait_s(200, address(2)), 1);
    }
}
