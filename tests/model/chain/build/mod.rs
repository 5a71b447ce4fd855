//! Builds the instructions of actions, with the accounts that the model predicts.

mod parties;

use crate::action::{Action, Entry, Forgery, StakeMint};
use crate::chain::TestChain;
use crate::chain::addresses::{AddressBook, OPERATORS, salt};
use crate::world::{JobId, Mode as ModelMode, ORCHESTRATORS, Party, Terms, WORKERS, World};
use millrace_client::instructions;
use millrace_client::instructions::{ChosenProvider, ShardRef, SignedCommitment};
use millrace_program::state::{Meter, Mode, Scenario, SeatStatus};
use millrace_program::{PostJobArgs, RevealEntry};
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;

/// Instructions and their signers.
pub(super) type Built = (Vec<Instruction>, Vec<Party>);

fn args(terms: &Terms, addresses: &AddressBook) -> PostJobArgs {
    let orchestrator = terms.orchestrator.map(|n| match n {
        n if n < ORCHESTRATORS => addresses.address(Party::Orchestrator(n)),
        _ => addresses.address(Party::Stranger),
    });
    PostJobArgs {
        nonce: terms.nonce,
        manifest: [5; 32],
        orchestrator: orchestrator.unwrap_or_default(),
        scenario: Scenario::General,
        mode: match terms.mode {
            ModelMode::Quorum => Mode::Quorum,
            ModelMode::Audit => Mode::Audit,
            ModelMode::Challenge => Mode::Challenge,
        },
        meter: Meter::Fuel,
        shards: terms.shards,
        replicas: terms.replicas,
        quorum: terms.quorum,
        max_replicas: terms.max_replicas,
        price_cap: terms.price_cap,
        max_units: terms.max_units,
        deadline: terms.deadline,
        commit_secs: terms.commit,
        reveal_secs: terms.reveal,
        challenge_secs: terms.challenge,
        audit_bps: terms.audit_bps,
        max_deposit: terms.max_deposit,
        supplier: [0; 16],
        region: [0; 16],
        min_score: 0,
        min_memory_mb: 0,
        min_cores: terms.min_cores,
    }
}

/// Replaces the signer `should` by `does`.
pub(super) fn signed_by(mut built: Instruction, should: Pubkey, does: Pubkey) -> Instruction {
    for meta in built.accounts.iter_mut().filter(|m| m.is_signer) {
        if meta.pubkey == should {
            meta.pubkey = does;
        }
    }
    built
}

impl TestChain {
    fn place(&self, world: &World, id: JobId, index: u32) -> ShardRef {
        let shards = world.job(id).map_or(1, |job| job.terms.shards);
        ShardRef {
            job: self.addresses.job(id),
            index,
            embedded: shards == 1,
        }
    }

    /// The seat that an entry's statement is signed for, which is wrong for some forgeries.
    fn signed_place(
        &self,
        world: &World,
        (id, index): (JobId, u32),
        entry: &Entry,
    ) -> crate::chain::addresses::Place {
        let job = world.job(id).and_then(|job| job.shard(index));
        let seat = job
            .ok()
            .and_then(|s| *s.seats.get(usize::from(entry.seat))?);
        let attempt = seat.map_or(0, |seat| seat.attempt);
        let (id, index, attempt) = match entry.forged {
            Forgery::Attempt => (id, index, attempt + 1),
            Forgery::Shard => (id, index + 1, attempt),
            Forgery::Job => ((id.0, id.1 + 1), index, attempt),
            _ => (id, index, attempt),
        };
        self.addresses.place((id, index), attempt, entry.worker)
    }

    /// The worker whose hot key signs an entry, and the number of the key.
    fn signer(world: &World, entry: &Entry) -> (usize, usize) {
        let current = |worker: usize| world.providers[worker].operator;
        match entry.forged {
            Forgery::Signer => {
                let other = (entry.worker + 1) % WORKERS;
                (other, current(other))
            }
            Forgery::Retired => (entry.worker, (current(entry.worker) + 1) % OPERATORS),
            _ => (entry.worker, current(entry.worker)),
        }
    }

    pub(crate) fn build(&self, world: &World, action: &Action) -> Built {
        let addresses = &self.addresses;
        let mints = addresses.mints;
        let key = |who: Party| addresses.address(who);
        let one = |built: Instruction| (vec![built], Vec::new());
        let by = |built: Instruction, should: Party, does: Party| {
            (vec![signed_by(built, key(should), key(does))], vec![does])
        };
        match action {
            Action::Post { by: n, terms } => {
                let owner = Party::Client(*n);
                let post = instructions::post_job(key(owner), mints, args(terms, addresses));
                by(post, owner, owner)
            }
            Action::Cancel { by: who, job } => {
                let owner = Party::Client(job.0);
                let cancel = instructions::cancel_job(key(owner), addresses.job(*job), mints);
                by(cancel, owner, *who)
            }
            Action::Assign {
                by: who,
                job,
                index,
                workers,
                agreed,
            } => {
                let chosen = workers
                    .iter()
                    .enumerate()
                    .map(|(at, worker)| ChosenProvider {
                        account: addresses.providers[*worker],
                        agreed_price: agreed.get(at).copied().unwrap_or(u64::MAX),
                    });
                let providers: Vec<ChosenProvider> = chosen.collect();
                let registered = match who {
                    Party::Orchestrator(_) => *who,
                    _ => Party::Orchestrator(0),
                };
                let place = self.place(world, *job, *index);
                let assign = instructions::assign_seats(key(registered), place, &providers);
                by(assign, registered, *who)
            }
            Action::Commit {
                job,
                index,
                entries,
            } => {
                let claims = entries.iter().map(|entry| {
                    let place = self.signed_place(world, (*job, *index), entry);
                    let commitment = place.commitment(entry.answer, entry.worker);
                    SignedCommitment {
                        seat: entry.seat,
                        provider: addresses.providers[entry.worker],
                        commitment,
                        signed: addresses
                            .sign(Self::signer(world, entry), place.statement(&commitment)),
                    }
                });
                let claims: Vec<SignedCommitment> = claims.collect();
                let place = self.place(world, *job, *index);
                let record = instructions::record_commitments(place, &claims);
                (record.to_vec(), Vec::new())
            }
            Action::Reveal {
                by: who,
                job,
                index,
                reveals,
            } => {
                let shard = world.job(*job).and_then(|job| job.shard(*index));
                let entries = reveals.iter().map(|reveal| {
                    let seats = shard.map(|shard| shard.seats);
                    let seat = seats.ok().and_then(|s| *s.get(usize::from(reveal.seat))?);
                    RevealEntry {
                        seat: reveal.seat,
                        root: [reveal.answer.root; 32],
                        units: reveal.answer.units,
                        salt: salt(seat.map_or(0, |seat| seat.worker)),
                    }
                });
                let entries = entries.collect();
                let place = self.place(world, *job, *index);
                match who {
                    None => one(instructions::reveal_seats(place, entries)),
                    Some(who) => {
                        let registered = match who {
                            Party::Orchestrator(_) => *who,
                            _ => Party::Orchestrator(0),
                        };
                        let record = instructions::record_reveals(key(registered), place, entries);
                        by(record, registered, *who)
                    }
                }
            }
            Action::Acknowledge {
                by: who,
                job,
                index,
                seat,
            } => {
                let place = self.place(world, *job, *index);
                let orchestrator = matches!(who, Party::Orchestrator(_));
                let acknowledge =
                    instructions::acknowledge_delivery(key(*who), orchestrator, place, *seat);
                by(acknowledge, *who, *who)
            }
            Action::Decline { job, index, entry } => {
                let signed = self.signed_place(world, (*job, *index), entry);
                let refusal =
                    addresses.sign(Self::signer(world, entry), signed.decline_statement());
                let provider = addresses.providers[entry.worker];
                let place = self.place(world, *job, *index);
                let decline = instructions::decline_seat(place, entry.seat, provider, &refusal);
                (decline.to_vec(), Vec::new())
            }
            Action::Settle {
                job,
                index,
                stake_mint,
            } => {
                let place = self.place(world, *job, *index);
                let shard = world.job(*job).and_then(|job| job.shard(*index));
                let (job_account, mut stored) = self.as_stored(job.0, shard.ok());
                // The builder leaves the mint out if all results agree.
                for seat in stored.seats.iter_mut().filter(|seat| seat.is_live()) {
                    match stake_mint {
                        StakeMint::IfNeeded => {}
                        StakeMint::Given => seat.status = SeatStatus::Assigned as u8,
                        StakeMint::Missing => {
                            (seat.status, seat.digest) = (SeatStatus::Revealed as u8, [0; 32]);
                            seat.units = 0;
                        }
                    }
                }
                let challenger = shard.ok().and_then(|s| s.challenge);
                let challenger = challenger.map(|c| key(c.by));
                one(instructions::settle_shard(
                    place,
                    &job_account,
                    &stored,
                    mints,
                    challenger,
                ))
            }
            Action::ExpireSeat {
                job,
                index,
                seat,
                worker,
            } => {
                let place = self.place(world, *job, *index);
                let provider = addresses.providers[*worker];
                one(instructions::expire_seat(place, *seat, provider, mints))
            }
            Action::SeedJob { job } => one(instructions::seed_job(addresses.job(*job))),
            Action::ExpireJob { job } => one(instructions::expire_job(addresses.job(*job))),
            Action::Close { job, shards, payer } => {
                let pairs: Vec<(Pubkey, Pubkey)> = shards
                    .iter()
                    .map(|index| {
                        let shard = world.job(*job).and_then(|job| job.shard(*index));
                        let paid = shard.map_or(0, |shard| shard.payer);
                        let payer = Party::Orchestrator(payer.unwrap_or(paid));
                        (addresses.shard(*job, *index), key(payer))
                    })
                    .collect();
                let owner = key(Party::Client(job.0));
                one(instructions::close_job(
                    addresses.job(*job),
                    owner,
                    &pairs,
                    mints,
                ))
            }
            Action::DrawAudit { job, index } => {
                one(instructions::draw_audit(self.place(world, *job, *index)))
            }
            Action::Challenge {
                by: who,
                job,
                index,
            } => {
                let place = self.place(world, *job, *index);
                let owner = key(Party::Client(job.0));
                let challenge = instructions::challenge_shard(key(*who), &owner, place, mints);
                by(challenge, *who, *who)
            }
            _ => self.build_small(action),
        }
    }
}
