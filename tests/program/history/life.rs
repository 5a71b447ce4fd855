//! A rich life of a market, scene by scene: everything that moves a balance happens in it.

use millrace_client::{instructions, pda};
use millrace_fixture::{
    Answer, Market, OTHER, Outcome, PARAMETERS, RIGHT, SOL, Setup, WRONG, key, offer,
};
use millrace_program::PostJobArgs;
use millrace_program::state::{Challenge, Mode, Review};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Keypair;
use solana_sdk::signer::Signer;
use std::collections::BTreeMap;

const DAY: i64 = 86_400;
const ALL: [(usize, Answer); 3] = [(0, RIGHT), (1, RIGHT), (2, RIGHT)];

/// A market, and what was sent to its vaults beside the instructions.
pub struct Life {
    /// The market.
    pub market: Market,
    /// Gifts by vault.
    pub gifts: BTreeMap<Pubkey, u64>,
    clients: [Keypair; 2],
}

type Scene = fn(&mut Life);

impl Life {
    /// The scenes, in their order.
    pub const SCENES: [(&str, Scene); 15] = [
        ("bonds", Self::bonds),
        ("gifts", Self::donate),
        ("agreement", Self::agreement),
        ("disagreement", Self::disagreement),
        ("late seats", Self::late),
        ("audits", Self::audits),
        ("challenges", Self::challenges),
        ("outputs shown alone", Self::outputs),
        ("cancels and expiries", Self::ends),
        ("other parameters", Self::parameters),
        ("epochs", Self::epochs),
        ("treasuries", Self::treasuries),
        ("exits", Self::exits),
        ("gifts again", Self::donate),
        ("what is left open", Self::open_ends),
    ];

    /// A network with six providers and two clients.
    pub fn begin(one_mint: bool) -> Self {
        let mut market = Setup {
            workers: 6,
            stake: 200_000,
            purse: 5_000_000,
            one_mint,
            ..Setup::default()
        }
        .build();
        let clients = [market.owner.insecure_clone(), key(7)];
        let mints = market.mints;
        let fund = (&mints.payment, 5_000_000);
        market
            .machine
            .open_wallet(&clients[1].pubkey(), mints, fund);
        market.open_client(&clients[1]).unwrap();
        market.machine.pass_slots(600, 3);
        market.fund_rewards(10_000_000);
        Self {
            market,
            gifts: BTreeMap::new(),
            clients,
        }
    }

    /// Lets the other client post.
    fn turn(&mut self, client: usize) {
        self.market.owner = self.clients[client].insecure_clone();
    }

    fn give(&mut self, mint: Pubkey, vault: Pubkey) {
        let gift = 777;
        self.market.machine.mint(&mint, &vault, gift);
        *self.gifts.entry(vault).or_default() += gift;
    }

    /// Gifts to every kind of vault.
    fn donate(&mut self) {
        let mints = self.market.mints;
        for client in self.clients.each_ref().map(Keypair::pubkey) {
            self.give(mints.payment, pda::escrow(&pda::client(&client)));
        }
        for provider in self.market.accounts(&[0, 1, 2, 3, 4, 5]) {
            self.give(mints.stake, pda::stake_vault(&provider));
            self.give(mints.payment, pda::earnings_vault(&provider));
        }
        for bucket in [0, 5] {
            self.give(mints.stake, pda::treasury(&mints.stake, bucket));
            self.give(mints.payment, pda::treasury(&mints.payment, bucket));
        }
        let orchestrator = pda::orchestrator(&self.market.orchestrator.pubkey());
        self.give(mints.stake, pda::bond_vault(&orchestrator));
        self.give(mints.stake, pda::rewards_vault());
    }

    /// Two bonds, of which one is withdrawn together with a gift.
    fn bonds(&mut self) {
        let (market, second) = (&mut self.market, key(8));
        let (mints, first) = (market.mints, market.orchestrator.pubkey());
        market.register_orchestrator(&second.pubkey()).unwrap();
        for wallet in [first, second.pubkey()] {
            let fund = (&mints.stake, 10_000);
            market.machine.open_wallet(&wallet, mints, fund);
        }
        let own = market.orchestrator.insecure_clone();
        let bonds = [
            (&own, first, 1_000),
            (&own, second.pubkey(), 200),
            (&second, first, 30),
            (&second, second.pubkey(), 4),
        ];
        for (funder, of, amount) in bonds {
            let bond = instructions::bond(funder.pubkey(), &of, mints, amount);
            market.machine.send(&[bond], &[funder]).unwrap();
        }
        let vault = pda::bond_vault(&pda::orchestrator(&second.pubkey()));
        market.machine.mint(&mints.stake, &vault, 55);
        let retire = instructions::retire_orchestrator(second.pubkey(), &second.pubkey());
        market.machine.send(&[retire], &[&second]).unwrap();
        market.warp(7 * DAY);
        let payer = market.authority.pubkey();
        let withdraw = instructions::withdraw_bond(&second.pubkey(), payer, mints);
        market.machine.send(&[withdraw], &[]).unwrap();
    }

    /// Jobs whose seats agree: of both clients, of one shard and of two, closed and not.
    fn agreement(&mut self) {
        for client in [0, 1, 0] {
            self.turn(client);
            let job = self.market.posted(|t| t.shards = 1 + client as u32);
            for index in 0..=client as u32 {
                self.market.answered(&job, index, &ALL);
                self.market.settle(&job, index).unwrap();
            }
            match client {
                1 => self.market.close(&job, &[0, 1]).unwrap(),
                _ => self.market.close(&job, &[0]).unwrap(),
            };
        }
        let job = self.market.posted(seats(1, 1));
        self.market.answered(&job, 0, &[(3, RIGHT)]);
        self.market.settle(&job, 0).unwrap();
        for worker in [0, 3] {
            self.market.claim_earnings(worker).unwrap();
        }
    }

    /// A liar among three, two among five after a disagreement, and three who all differ.
    fn disagreement(&mut self) {
        self.turn(1);
        let market = &mut self.market;
        market.warp(DAY);
        let job = market.posted(|_| ());
        market.answered(&job, 0, &[(0, RIGHT), (1, WRONG), (2, RIGHT)]);
        settle_with_bounty(market, &job).unwrap();

        let job = market.posted(|t| (t.quorum, t.max_replicas) = (3, 5));
        market.answered(&job, 0, &[(0, RIGHT), (1, WRONG), (2, RIGHT)]);
        market.settle(&job, 0).unwrap();
        market.answered(&job, 0, &[(3, WRONG), (4, RIGHT)]);
        settle_with_bounty(market, &job).unwrap();
        market.close(&job, &[0]).unwrap();

        let job = market.posted(|_| ());
        market.answered(&job, 0, &[(0, RIGHT), (1, WRONG), (2, OTHER)]);
        market.settle(&job, 0).unwrap();
    }

    /// A seat that never commits, with and without a bounty; one that stays silent; one that declines.
    fn late(&mut self) {
        self.turn(0);
        let market = &mut self.market;
        let job = market.posted(|t| t.quorum = 3);
        market.assign(&job, 0, &[0, 1, 2]).unwrap();
        market.decline(&job, 0, 2).unwrap();
        market.assign(&job, 0, &[3]).unwrap();
        market.commit(&job, 0, &[(0, RIGHT)]).unwrap();
        market.warp(60);
        market.expire_seat(&job, 0, 1).unwrap();
        let purse = market.mints.stake_account(&market.owner.pubkey());
        let place = market.place(&job, 0);
        let late = market.workers[3].account;
        let seat = market.seat_of(&job, 0, 3);
        let expire = instructions::expire_seat(place, seat, late, market.mints, Some(purse));
        market.machine.send(&[expire], &[]).unwrap();
        market.assign(&job, 0, &[1, 2]).unwrap();
        market.commit(&job, 0, &[(1, RIGHT), (2, RIGHT)]).unwrap();
        market.reveal(&job, 0, &ALL).unwrap();
        market.settle(&job, 0).unwrap();

        let job = market.posted(|_| ());
        market.assign(&job, 0, &[0, 1, 2]).unwrap();
        market.commit(&job, 0, &ALL).unwrap();
        market.reveal(&job, 0, &ALL[..2]).unwrap();
        market.warp(90);
        settle_with_bounty(market, &job).unwrap();
        market.close(&job, &[0]).unwrap();
    }

    /// An audit that spares, one that finds nothing, one that finds a cheat, and a silent seat.
    fn audits(&mut self) {
        let market = &mut self.market;
        market.warp(DAY);
        for (bps, answer) in [(1, RIGHT), (10_000, RIGHT), (10_000, WRONG), (1, OTHER)] {
            let job = market.posted(|t| {
                (t.mode, t.audit_bps) = (Mode::Audit, bps);
                (t.replicas, t.quorum, t.max_replicas) = (1, 2, 3);
            });
            market.assign(&job, 0, &[0]).unwrap();
            market.commit(&job, 0, &[(0, answer)]).unwrap();
            market.machine.pass_slots(20, 3);
            market.draw(&job, 0).unwrap();
            if bps == 1 {
                if answer.root == OTHER.root {
                    market.warp(30);
                } else {
                    market.reveal(&job, 0, &[(0, answer)]).unwrap();
                }
                market.settle(&job, 0).unwrap();
                continue;
            }
            market.answered_after(&job, 0, &[(4, RIGHT)], &[(0, answer), (4, RIGHT)]);
            market.settle(&job, 0).unwrap();
            if answer.root != RIGHT.root {
                market.answered(&job, 0, &[(3, RIGHT)]);
                market.settle(&job, 0).unwrap();
            }
            market.close(&job, &[0]).unwrap();
        }
    }

    /// Challenges lost, won, undecided and unheard.
    fn challenges(&mut self) {
        self.turn(1);
        let challenger = self.clients[0].insecure_clone();
        let ends: [(Answer, &[(usize, Answer)]); 4] = [
            (RIGHT, &[(1, RIGHT), (2, RIGHT)]),
            (WRONG, &[(1, RIGHT), (2, RIGHT)]),
            (RIGHT, &[(1, WRONG), (2, OTHER)]),
            (RIGHT, &[]),
        ];
        let market = &mut self.market;
        for (answer, others) in ends {
            let job = market.posted(challengeable);
            // The seat is not its first one's.
            market.assign(&job, 0, &[5]).unwrap();
            market.decline(&job, 0, 5).unwrap();
            market.answered(&job, 0, &[(0, answer)]);
            market.challenge(&job, 0, &challenger).unwrap();
            if others.is_empty() {
                market.machine.warp_to(market.job(&job).deadline);
            } else {
                market.answered(&job, 0, others);
            }
            settle_with_bounty(market, &job).unwrap();
        }
    }

    /// An output that its provider shows and the client has, and one that nobody has.
    fn outputs(&mut self) {
        let market = &mut self.market;
        for acknowledged in [true, false] {
            let job = market.posted(seats(1, 1));
            market.assign(&job, 0, &[1]).unwrap();
            market.commit(&job, 0, &[(1, RIGHT)]).unwrap();
            market.show(&job, 0, &[(1, RIGHT)]).unwrap();
            match acknowledged {
                true => {
                    market.acknowledge(&job, 0, 1).unwrap();
                }
                false => market.machine.warp_to(market.job(&job).deadline),
            }
            market.settle(&job, 0).unwrap();
        }
    }

    /// A job cancelled in part and one at once; one that expires in part, with a seat that is late.
    fn ends(&mut self) {
        let market = &mut self.market;
        let whole = market.posted(|t| t.shards = 8);
        market.cancel(&whole).unwrap();
        market.close(&whole, &[]).unwrap();
        let part = market.posted(|t| t.shards = 3);
        market.assign(&part, 1, &[0]).unwrap();
        market.cancel(&part).unwrap();
        let expiring = market.posted(|t| t.shards = 2);
        market.assign(&expiring, 0, &[1, 2]).unwrap();
        market.commit(&expiring, 0, &[(1, RIGHT)]).unwrap();
        market.machine.warp_to(market.job(&expiring).deadline);
        market.expire_job(&expiring).unwrap();
        market.settle(&expiring, 0).unwrap();
        market.close(&expiring, &[0]).unwrap();
        // The seat of the cancelled one is judged by the lock of its posting.
        market.settle(&part, 1).unwrap();
    }

    /// Jobs before and after other parameters.
    fn parameters(&mut self) {
        let market = &mut self.market;
        let before = market.posted(|_| ());
        let mut other = PARAMETERS;
        (other.lock_bps, other.fee_bps, other.slash_bps) = (33_333, 77, 9_999);
        let own = market.authority.insecure_clone();
        let set = instructions::set_parameters(own.pubkey(), other);
        market.machine.send(&[set], &[&own]).unwrap();
        let after = market.posted(|t| (t.price_cap, t.max_units) = (7, 333));
        for job in [before, after] {
            market.answered(&job, 0, &[(0, RIGHT), (1, RIGHT), (2, WRONG)]);
            market.settle(&job, 0).unwrap();
        }
        market.close(&after, &[0]).unwrap();
    }

    /// Three epochs: banked and claimed, banked alone, closed alone.
    fn epochs(&mut self) {
        let market = &mut self.market;
        let points = |market: &Market, worker: usize| {
            let points = market.provider(worker).points;
            let epochs = points.iter().filter(|p| p.amount > 0).map(|p| p.epoch);
            epochs.collect::<Vec<u32>>()
        };
        let job = market.posted(seats(3, 2));
        market.answered(&job, 0, &ALL);
        market.settle(&job, 0).unwrap();
        let last = points(market, 0).into_iter().max().unwrap();
        market.warp(DAY);
        let mut known: Vec<u32> = (0..6).flat_map(|w| points(market, w)).collect();
        known.sort();
        known.dedup();
        assert!(known.len() >= 3, "{known:?}");
        for number in known {
            market.close_epoch(number).unwrap();
            if number == last {
                continue;
            }
            for worker in 0..6 {
                if points(market, worker).contains(&number) {
                    market.bank(worker, number).unwrap();
                }
            }
        }
        for worker in [0, 4] {
            market.claim_rewards(worker).unwrap();
        }
    }

    /// Part of what a treasury holds goes to the authority's choice.
    fn treasuries(&mut self) {
        let market = &mut self.market;
        let (own, mints) = (market.authority.insecure_clone(), market.mints);
        let purse = mints.payment_account(&self.clients[0].pubkey());
        let mut taken = 0;
        for bucket in 0..8 {
            let held = market
                .machine
                .tokens(&pda::treasury(&mints.payment, bucket));
            if held > 1 {
                let part = held / 2;
                let withdraw =
                    instructions::withdraw_treasury(own.pubkey(), mints, bucket, purse, part);
                market.machine.send(&[withdraw], &[&own]).unwrap();
                taken += 1;
            }
        }
        assert!(taken > 1);
    }

    /// Stake that grows, is on its way, and is out; a provider that leaves and comes again.
    fn exits(&mut self) {
        let market = &mut self.market;
        market.stake_more(1, 12_345);
        market.unstake(1, 50_000).unwrap();
        let rest = market.provider(5).active;
        market.unstake(5, rest).unwrap();
        market.warp(7 * DAY);
        market.withdraw(1).unwrap();
        market.withdraw(5).unwrap();
        market.leave(5).unwrap();
        let (authority, operator, account) = {
            let worker = &market.workers[5];
            let operator = worker.operator.pubkey();
            (worker.authority.insecure_clone(), operator, worker.account)
        };
        // The gifts to its vaults went along.
        for vault in [pda::stake_vault, pda::earnings_vault] {
            self.gifts.remove(&vault(&account));
        }
        market.register(&authority, offer(operator)).unwrap();
        market.stake(5, 60_000).unwrap();
        market.unstake(5, 1_000).unwrap();
        market.unstake(2, 7).unwrap();
    }

    /// Seats, a challenge and deposits that are open at the end.
    fn open_ends(&mut self) {
        for client in [0, 1] {
            self.turn(client);
            let market = &mut self.market;
            let job = market.posted(|t| t.shards = 2);
            market.assign(&job, 1, &[0, 5, 2]).unwrap();
            let own = self.clients[client].insecure_clone();
            let job = market.posted(challengeable);
            market.answered(&job, 0, &[(3, RIGHT)]);
            market.challenge(&job, 0, &own).unwrap();
        }
        self.market.machine.airdrop(&self.clients[0].pubkey(), SOL);
    }
}

fn seats(count: u8, quorum: u8) -> impl Fn(&mut PostJobArgs) {
    move |terms| (terms.replicas, terms.quorum, terms.max_replicas) = (count, quorum, count)
}

fn challengeable(terms: &mut PostJobArgs) {
    (terms.mode, terms.challenge_secs) = (Mode::Challenge, 120);
    (terms.replicas, terms.quorum, terms.max_replicas) = (1, 2, 3);
}

/// `settle_shard` of a job's only shard, with a bounty for the client's wallet.
fn settle_with_bounty(market: &mut Market, job: &Pubkey) -> Outcome {
    let (books, shard) = (market.job(job), market.shard(job, 0));
    let challenged = shard.review() == Review::Challenged;
    let challenger = challenged.then(|| {
        let challenge: Challenge = market.read(&pda::challenge(job, 0));
        challenge.challenger
    });
    let purse = market.mints.stake_account(&market.owner.pubkey());
    let (place, parts) = (market.place(job, 0), (&books, &shard));
    let settle = instructions::settle_shard(place, parts, market.mints, challenger, Some(purse));
    market.machine.send(&[settle], &[])
}
