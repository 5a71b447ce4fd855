//! The lifecycle of a network in steps that move every balance.

use millrace_client::{instructions, pda};
use millrace_fixture::{
    Answer, OTHER, PARAMETERS, RIGHT, SOL, Setup, TestNetwork, WRONG, key, offer,
};
use millrace_program::PostJobArgs;
use millrace_program::state::Mode;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Keypair;
use solana_sdk::signer::Signer;
use std::collections::BTreeMap;

const DAY: i64 = 86_400;
const ALL: [(usize, Answer); 3] = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];

/// A network, and the tokens donated to its vaults.
pub(super) struct Lifecycle {
    pub network: TestNetwork,
    /// Donations by vault.
    pub donations: BTreeMap<Pubkey, u64>,
    clients: [Keypair; 2],
}

type Step = fn(&mut Lifecycle);

impl Lifecycle {
    /// All steps in their order.
    pub(super) const STEPS: [(&str, Step); 15] = [
        ("bonds", Self::bonds),
        ("donations", Self::donate),
        ("agreement", Self::agreement),
        ("disagreement", Self::disagreement),
        ("late seats", Self::late),
        ("audits", Self::audits),
        ("challenges", Self::challenges),
        ("outputs revealed by anyone", Self::outputs),
        ("cancellations and expiries", Self::ends),
        ("other parameters", Self::parameters),
        ("epochs", Self::epochs),
        ("treasuries", Self::treasuries),
        ("exits", Self::exits),
        ("donations again", Self::donate),
        ("open ends", Self::open_ends),
    ];

    /// A network with six providers and two clients.
    pub(super) fn start(one_mint: bool) -> Self {
        let mut network = Setup {
            workers: 6,
            stake: 200_000,
            wallet_balance: 5_000_000,
            one_mint,
            ..Setup::default()
        }
        .build();
        let clients = [network.owner.insecure_clone(), key(7)];
        let mints = network.mints;
        let fund = (&mints.payment, 5_000_000);
        network
            .machine
            .open_wallet(&clients[1].pubkey(), mints, fund);
        network.open_client(&clients[1]).unwrap();
        network.machine.advance_slots(600, 3);
        network.fund_rewards(10_000_000);
        Self {
            network,
            donations: BTreeMap::new(),
            clients,
        }
    }

    /// Switches to the client that posts.
    fn post_as(&mut self, client: usize) {
        self.network.owner = self.clients[client].insecure_clone();
    }

    fn donate_to(&mut self, mint: Pubkey, vault: Pubkey) {
        let donation = 777;
        self.network.machine.mint(&mint, &vault, donation);
        *self.donations.entry(vault).or_default() += donation;
    }

    /// Donates to every kind of vault.
    fn donate(&mut self) {
        let mints = self.network.mints;
        for client in self.clients.each_ref().map(Keypair::pubkey) {
            self.donate_to(mints.payment, pda::escrow(&pda::client(&client)));
        }
        for provider in self.network.provider_accounts(&[0, 1, 2, 3, 4, 5]) {
            self.donate_to(mints.stake, pda::stake_vault(&provider));
            self.donate_to(mints.payment, pda::earnings_vault(&provider));
        }
        for bucket in [0, 5] {
            self.donate_to(mints.payment, pda::treasury(&mints.payment, bucket));
        }
        let orchestrator = pda::orchestrator(&self.network.orchestrator.pubkey());
        self.donate_to(mints.stake, pda::bond_vault(&orchestrator));
        self.donate_to(mints.stake, pda::rewards_vault());
    }

    /// Two bonds, one of which is withdrawn together with a donation.
    fn bonds(&mut self) {
        let (network, second) = (&mut self.network, key(8));
        let (mints, first) = (network.mints, network.orchestrator.pubkey());
        network.register_orchestrator(&second.pubkey()).unwrap();
        for wallet in [first, second.pubkey()] {
            let fund = (&mints.stake, 10_000);
            network.machine.open_wallet(&wallet, mints, fund);
        }
        let own = network.orchestrator.insecure_clone();
        let bonds = [
            (&own, first, 1_000),
            (&own, second.pubkey(), 200),
            (&second, first, 30),
            (&second, second.pubkey(), 4),
        ];
        for (funder, of, amount) in bonds {
            let bond = instructions::bond(funder.pubkey(), &of, mints, amount);
            network.machine.send(&[bond], &[funder]).unwrap();
        }
        let vault = pda::bond_vault(&pda::orchestrator(&second.pubkey()));
        network.machine.mint(&mints.stake, &vault, 55);
        let retire = instructions::retire_orchestrator(second.pubkey(), &second.pubkey());
        network.machine.send(&[retire], &[&second]).unwrap();
        network.warp(7 * DAY);
        let payer = network.authority.pubkey();
        let withdraw = instructions::withdraw_bond(&second.pubkey(), payer, mints);
        network.machine.send(&[withdraw], &[]).unwrap();
    }

    /// Jobs whose seats agree: of both clients, with one shard and with two, closed and not closed.
    fn agreement(&mut self) {
        for client in [0, 1, 0] {
            self.post_as(client);
            let job = self.network.post_with(|t| t.shards = 1 + client as u32);
            for index in 0..=client as u32 {
                self.network.run_seats(&job, index, &ALL);
                self.network.settle(&job, index).unwrap();
            }
            match client {
                1 => self.network.close(&job, &[0, 1]).unwrap(),
                _ => self.network.close(&job, &[0]).unwrap(),
            };
        }
        let job = self.network.post_with(seats(1, 1));
        self.network.run_seats(&job, 0, &[(3, RIGHT)]);
        self.network.settle(&job, 0).unwrap();
        for worker in [0, 3] {
            self.network.claim_earnings(worker).unwrap();
        }
    }

    /// One wrong result of three, two of five after a disagreement, and three different results.
    fn disagreement(&mut self) {
        self.post_as(1);
        let network = &mut self.network;
        network.warp(DAY);
        let job = network.post_with(|_| ());
        network.run_seats(&job, 0, &[(0, RIGHT), (1, WRONG), (2, RIGHT)]);
        network.settle(&job, 0).unwrap();

        let job = network.post_with(|t| (t.quorum, t.max_replicas) = (3, 5));
        network.run_seats(&job, 0, &[(0, RIGHT), (1, WRONG), (2, RIGHT)]);
        network.settle(&job, 0).unwrap();
        network.run_seats(&job, 0, &[(3, WRONG), (4, RIGHT)]);
        network.settle(&job, 0).unwrap();
        network.close(&job, &[0]).unwrap();

        let job = network.post_with(|_| ());
        network.run_seats(&job, 0, &[(0, RIGHT), (1, WRONG), (2, OTHER)]);
        network.settle(&job, 0).unwrap();
    }

    /// Seats that never commit; one that does not reveal; one that declines.
    fn late(&mut self) {
        self.post_as(0);
        let network = &mut self.network;
        let job = network.post_with(|t| (t.quorum, t.max_replicas) = (3, 5));
        network.assign(&job, 0, &[0, 1, 2]).unwrap();
        network.decline(&job, 0, 2).unwrap();
        network.assign(&job, 0, &[3]).unwrap();
        network.commit(&job, 0, &[(0, RIGHT)]).unwrap();
        network.warp(60);
        network.expire_seat(&job, 0, 1).unwrap();
        network.expire_seat(&job, 0, 3).unwrap();
        network.assign(&job, 0, &[1, 2]).unwrap();
        network.commit(&job, 0, &[(1, RIGHT), (2, RIGHT)]).unwrap();
        network.reveal(&job, 0, &ALL).unwrap();
        network.settle(&job, 0).unwrap();

        let job = network.post_with(|_| ());
        network.assign(&job, 0, &[0, 1, 2]).unwrap();
        network.commit(&job, 0, &ALL).unwrap();
        network.reveal(&job, 0, &ALL[..2]).unwrap();
        network.warp(90);
        network.settle(&job, 0).unwrap();
        network.close(&job, &[0]).unwrap();
    }

    /// A draw without an audit, an audit that confirms, one that finds a cheat, and a silent seat.
    fn audits(&mut self) {
        let network = &mut self.network;
        network.warp(DAY);
        for (bps, answer) in [(1, RIGHT), (10_000, RIGHT), (10_000, WRONG), (1, OTHER)] {
            let job = network.post_with(|t| {
                (t.mode, t.audit_bps) = (Mode::Audit, bps);
                (t.replicas, t.quorum, t.max_replicas) = (1, 2, 3);
            });
            network.assign(&job, 0, &[0]).unwrap();
            network.commit(&job, 0, &[(0, answer)]).unwrap();
            network.machine.advance_slots(20, 3);
            network.draw_audit(&job, 0).unwrap();
            if bps == 1 {
                if answer.root == OTHER.root {
                    network.warp(30);
                } else {
                    network.reveal(&job, 0, &[(0, answer)]).unwrap();
                }
                network.settle(&job, 0).unwrap();
                continue;
            }
            network.run_more_seats(&job, 0, &[(4, RIGHT)], &[(0, answer), (4, RIGHT)]);
            network.settle(&job, 0).unwrap();
            if answer.root != RIGHT.root {
                network.run_seats(&job, 0, &[(3, RIGHT)]);
                network.settle(&job, 0).unwrap();
            }
            network.close(&job, &[0]).unwrap();
        }
    }

    /// Challenges that are lost, won, undecided, and without other results.
    fn challenges(&mut self) {
        self.post_as(1);
        let challenger = self.clients[0].insecure_clone();
        let ends: [(Answer, &[(usize, Answer)]); 4] = [
            (RIGHT, &[(1, RIGHT), (2, RIGHT)]),
            (WRONG, &[(1, RIGHT), (2, RIGHT)]),
            (RIGHT, &[(1, WRONG), (2, OTHER)]),
            (RIGHT, &[]),
        ];
        let network = &mut self.network;
        for (answer, others) in ends {
            let job = network.post_with(challengeable);
            // The seat was declined by another provider first.
            network.assign(&job, 0, &[5]).unwrap();
            network.decline(&job, 0, 5).unwrap();
            network.run_seats(&job, 0, &[(0, answer)]);
            network.challenge(&job, 0, &challenger).unwrap();
            if others.is_empty() {
                network.machine.set_time(network.job(&job).deadline);
            } else {
                network.run_seats(&job, 0, others);
            }
            network.settle(&job, 0).unwrap();
        }
    }

    /// A result revealed by anyone whose output the client acknowledges, and one without
    /// acknowledgement.
    fn outputs(&mut self) {
        let network = &mut self.network;
        for acknowledged in [true, false] {
            let job = network.post_with(seats(1, 1));
            network.assign(&job, 0, &[1]).unwrap();
            network.commit(&job, 0, &[(1, RIGHT)]).unwrap();
            network.reveal_by_anyone(&job, 0, &[(1, RIGHT)]).unwrap();
            if acknowledged {
                network.acknowledge(&job, 0, 1).unwrap();
            } else {
                network.machine.set_time(network.job(&job).deadline)
            }
            network.settle(&job, 0).unwrap();
        }
    }

    /// A job cancelled in part and one as a whole; one that expires in part, with a late seat.
    fn ends(&mut self) {
        let network = &mut self.network;
        let whole = network.post_with(|t| t.shards = 8);
        network.cancel(&whole).unwrap();
        network.close(&whole, &[]).unwrap();
        let part = network.post_with(|t| t.shards = 3);
        network.assign(&part, 1, &[0]).unwrap();
        network.cancel(&part).unwrap();
        let expiring = network.post_with(|t| t.shards = 2);
        network.assign(&expiring, 0, &[1, 2]).unwrap();
        network.commit(&expiring, 0, &[(1, RIGHT)]).unwrap();
        network.machine.set_time(network.job(&expiring).deadline);
        network.expire_job(&expiring).unwrap();
        network.settle(&expiring, 0).unwrap();
        network.close(&expiring, &[0]).unwrap();
        // The seat of the cancelled job is judged by the lock at its posting.
        network.settle(&part, 1).unwrap();
    }

    /// Jobs before and after a change of parameters.
    fn parameters(&mut self) {
        let network = &mut self.network;
        let before = network.post_with(|_| ());
        let mut other = PARAMETERS;
        (other.lock_bps, other.fee_bps, other.slash_bps) = (33_333, 77, 9_999);
        let own = network.authority.insecure_clone();
        let set = instructions::set_parameters(own.pubkey(), other);
        network.machine.send(&[set], &[&own]).unwrap();
        let after = network.post_with(|t| (t.price_cap, t.max_units) = (7, 333));
        for job in [before, after] {
            network.run_seats(&job, 0, &[(0, RIGHT), (1, RIGHT), (2, WRONG)]);
            network.settle(&job, 0).unwrap();
        }
        network.close(&after, &[0]).unwrap();
    }

    /// Three epochs: banked and claimed, only banked, only closed.
    fn epochs(&mut self) {
        let network = &mut self.network;
        let points = |network: &TestNetwork, worker: usize| {
            let points = network.provider(worker).points;
            let epochs = points.iter().filter(|p| p.amount > 0).map(|p| p.epoch);
            epochs.collect::<Vec<u32>>()
        };
        let job = network.post_with(seats(3, 2));
        network.run_seats(&job, 0, &ALL);
        network.settle(&job, 0).unwrap();
        let last = points(network, 0).into_iter().max().unwrap();
        network.warp(DAY);
        let mut known: Vec<u32> = (0..6).flat_map(|w| points(network, w)).collect();
        known.sort();
        known.dedup();
        assert!(known.len() >= 3, "{known:?}");
        for number in known {
            network.close_epoch(number).unwrap();
            if number == last {
                continue;
            }
            for worker in 0..6 {
                if points(network, worker).contains(&number) {
                    network.bank_rewards(worker, number).unwrap();
                }
            }
        }
        for worker in [0, 4] {
            network.claim_rewards(worker).unwrap();
        }
    }

    /// A part of each treasury goes to a wallet of the authority's choice.
    fn treasuries(&mut self) {
        let network = &mut self.network;
        let (own, mints) = (network.authority.insecure_clone(), network.mints);
        let token_account = mints.payment_account(&self.clients[0].pubkey());
        let mut taken = 0;
        for bucket in 0..8 {
            let held = network
                .machine
                .tokens(&pda::treasury(&mints.payment, bucket));
            if held > 1 {
                let part = held / 2;
                let withdraw = instructions::withdraw_treasury(
                    own.pubkey(),
                    mints,
                    bucket,
                    token_account,
                    part,
                );
                network.machine.send(&[withdraw], &[&own]).unwrap();
                taken += 1;
            }
        }
        assert!(taken > 1);
    }

    /// Stake that is added, unbonding, and withdrawn; a provider that deregisters and registers again.
    fn exits(&mut self) {
        let network = &mut self.network;
        network.stake_more(1, 12_345);
        network.request_unstake(1, 50_000).unwrap();
        let rest = network.provider(5).active;
        network.request_unstake(5, rest).unwrap();
        network.warp(7 * DAY);
        network.withdraw_stake(1).unwrap();
        network.withdraw_stake(5).unwrap();
        network.deregister(5).unwrap();
        let (authority, operator, account) = {
            let worker = &network.workers[5];
            let operator = worker.operator.pubkey();
            (worker.authority.insecure_clone(), operator, worker.account)
        };
        // The donations to its vaults left with it.
        for vault in [pda::stake_vault, pda::earnings_vault] {
            self.donations.remove(&vault(&account));
        }
        network.register(&authority, offer(operator)).unwrap();
        network.stake(5, 60_000).unwrap();
        network.request_unstake(5, 1_000).unwrap();
        network.request_unstake(2, 7).unwrap();
    }

    /// Seats, a challenge and deposits that stay open at the end.
    fn open_ends(&mut self) {
        for client in [0, 1] {
            self.post_as(client);
            let network = &mut self.network;
            let job = network.post_with(|t| t.shards = 2);
            network.assign(&job, 1, &[0, 5, 2]).unwrap();
            let own = self.clients[client].insecure_clone();
            let job = network.post_with(challengeable);
            network.run_seats(&job, 0, &[(3, RIGHT)]);
            network.challenge(&job, 0, &own).unwrap();
        }
        self.network.machine.airdrop(&self.clients[0].pubkey(), SOL);
    }
}

fn seats(count: u8, quorum: u8) -> impl Fn(&mut PostJobArgs) {
    move |terms| (terms.replicas, terms.quorum, terms.max_replicas) = (count, quorum, count)
}

fn challengeable(terms: &mut PostJobArgs) {
    (terms.mode, terms.challenge_secs) = (Mode::Challenge, 120);
    (terms.replicas, terms.quorum, terms.max_replicas) = (1, 2, 3);
}
