//! Instructions for acts, with the accounts that the model says they need.

mod parties;

use crate::act::{Act, Entry, Forged};
use crate::chain::Town;
use crate::chain::directory::{Directory, OPERATORS, salt};
use crate::world::{CONDUCTORS, JobId, Mode as Way, Terms, Vault, WORKERS, Who, World};
use millrace_client::instructions;
use millrace_client::instructions::{ShardRef, SignedCommitment};
use millrace_program::state::{Meter, Mode, Scenario};
use millrace_program::{PostJobArgs, RevealEntry};
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;

/// Instructions, and who has to sign them.
pub type Built = (Vec<Instruction>, Vec<Who>);

/// The terms as the program takes them.
fn args(terms: &Terms, directory: &Directory) -> PostJobArgs {
    let conductor = terms.conductor.map(|n| match n {
        n if n < CONDUCTORS => directory.address(Who::Conductor(n)),
        _ => directory.address(Who::Stranger),
    });
    PostJobArgs {
        nonce: terms.nonce,
        manifest: [5; 32],
        orchestrator: conductor.unwrap_or_default(),
        scenario: Scenario::General,
        mode: match terms.mode {
            Way::Quorum => Mode::Quorum,
            Way::Audit => Mode::Audit,
            Way::Challenge => Mode::Challenge,
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

/// Puts the key of who acts in the place of the key of who should.
pub fn signed_by(mut built: Instruction, should: Pubkey, does: Pubkey) -> Instruction {
    for meta in built.accounts.iter_mut().filter(|m| m.is_signer) {
        if meta.pubkey == should {
            meta.pubkey = does;
        }
    }
    built
}

impl Town {
    fn place(&self, world: &World, id: JobId, index: u32) -> ShardRef {
        let shards = world.job(id).map_or(1, |job| job.terms.shards);
        ShardRef {
            job: self.directory.job(id),
            index,
            embedded: shards == 1,
        }
    }

    /// The seat for which an entry is signed, as it is forged or not.
    fn signed_place(
        &self,
        world: &World,
        (id, index): (JobId, u32),
        entry: &Entry,
    ) -> crate::chain::directory::Place {
        let job = world.job(id).and_then(|job| job.shard(index));
        let seat = job
            .ok()
            .and_then(|s| *s.seats.get(usize::from(entry.seat))?);
        let attempt = seat.map_or(0, |seat| seat.attempt);
        let (id, index, attempt) = match entry.forged {
            Forged::Attempt => (id, index, attempt + 1),
            Forged::Shard => (id, index + 1, attempt),
            Forged::Job => ((id.0, id.1 + 1), index, attempt),
            _ => (id, index, attempt),
        };
        self.directory.place((id, index), attempt, entry.worker)
    }

    /// Whose hot key signs for an entry, and which of them.
    fn signer(world: &World, entry: &Entry) -> (usize, usize) {
        let current = |worker: usize| world.providers[worker].operator;
        match entry.forged {
            Forged::Signer => {
                let other = (entry.worker + 1) % WORKERS;
                (other, current(other))
            }
            Forged::Retired => (entry.worker, (current(entry.worker) + 1) % OPERATORS),
            _ => (entry.worker, current(entry.worker)),
        }
    }

    /// The instructions of an act in a world.
    pub fn build(&self, world: &World, act: &Act) -> Built {
        let directory = &self.directory;
        let mints = directory.mints;
        let key = |who: Who| directory.address(who);
        let purse = |vault: &Vault| directory.vault(*vault);
        let one = |built: Instruction| (vec![built], Vec::new());
        let by = |built: Instruction, should: Who, does: Who| {
            (vec![signed_by(built, key(should), key(does))], vec![does])
        };
        match act {
            Act::Post { by: n, terms } => {
                let owner = Who::Owner(*n);
                let post = instructions::post_job(key(owner), mints, args(terms, directory));
                by(post, owner, owner)
            }
            Act::Cancel { by: who, job } => {
                let owner = Who::Owner(job.0);
                let cancel = instructions::cancel_job(key(owner), directory.job(*job), mints);
                by(cancel, owner, *who)
            }
            Act::Assign {
                by: who,
                job,
                index,
                workers,
            } => {
                let providers: Vec<Pubkey> =
                    workers.iter().map(|w| directory.providers[*w]).collect();
                let registered = match who {
                    Who::Conductor(_) => *who,
                    _ => Who::Conductor(0),
                };
                let place = self.place(world, *job, *index);
                let assign = instructions::assign_seats(key(registered), place, &providers);
                by(assign, registered, *who)
            }
            Act::Commit {
                job,
                index,
                entries,
            } => {
                let claims = entries.iter().map(|entry| {
                    let place = self.signed_place(world, (*job, *index), entry);
                    let commitment = place.commitment(entry.answer, entry.worker);
                    SignedCommitment {
                        seat: entry.seat,
                        provider: directory.providers[entry.worker],
                        commitment,
                        signed: directory
                            .sign(Self::signer(world, entry), place.statement(&commitment)),
                    }
                });
                let claims: Vec<SignedCommitment> = claims.collect();
                let place = self.place(world, *job, *index);
                let record = instructions::record_commitments(place, &claims);
                (record.to_vec(), Vec::new())
            }
            Act::Reveal {
                by: who,
                job,
                index,
                openings,
            } => {
                let shard = world.job(*job).and_then(|job| job.shard(*index));
                let entries = openings.iter().map(|opening| {
                    let seats = shard.map(|shard| shard.seats);
                    let seat = seats.ok().and_then(|s| *s.get(usize::from(opening.seat))?);
                    RevealEntry {
                        seat: opening.seat,
                        root: [opening.answer.root; 32],
                        units: opening.answer.units,
                        salt: salt(seat.map_or(0, |seat| seat.worker)),
                    }
                });
                let entries = entries.collect();
                let place = self.place(world, *job, *index);
                match who {
                    None => one(instructions::reveal_seats(place, entries)),
                    Some(who) => {
                        let registered = match who {
                            Who::Conductor(_) => *who,
                            _ => Who::Conductor(0),
                        };
                        let record = instructions::record_reveals(key(registered), place, entries);
                        by(record, registered, *who)
                    }
                }
            }
            Act::Acknowledge {
                by: who,
                job,
                index,
                seat,
            } => {
                let place = self.place(world, *job, *index);
                let conductor = matches!(who, Who::Conductor(_));
                let acknowledge =
                    instructions::acknowledge_delivery(key(*who), conductor, place, *seat);
                by(acknowledge, *who, *who)
            }
            Act::Decline { job, index, entry } => {
                let signed = self.signed_place(world, (*job, *index), entry);
                let refusal =
                    directory.sign(Self::signer(world, entry), signed.decline_statement());
                let provider = directory.providers[entry.worker];
                let place = self.place(world, *job, *index);
                let decline = instructions::decline_seat(place, entry.seat, provider, &refusal);
                (decline.to_vec(), Vec::new())
            }
            Act::Settle { job, index, bounty } => {
                let place = self.place(world, *job, *index);
                let shard = world.job(*job).and_then(|job| job.shard(*index));
                let (books, seats) = self.as_stored(job.0, shard.ok());
                let challenger = shard.ok().and_then(|s| s.challenge);
                let challenger = challenger.map(|c| key(c.by));
                let bounty = bounty.as_ref().map(purse);
                one(instructions::settle_shard(
                    place,
                    (&books, &seats),
                    mints,
                    challenger,
                    bounty,
                ))
            }
            Act::ExpireSeat {
                job,
                index,
                seat,
                worker,
                bounty,
            } => {
                let place = self.place(world, *job, *index);
                let provider = directory.providers[*worker];
                let bounty = bounty.as_ref().map(purse);
                one(instructions::expire_seat(
                    place, *seat, provider, mints, bounty,
                ))
            }
            Act::Seed { job } => one(instructions::seed_job(directory.job(*job))),
            Act::ExpireJob { job } => one(instructions::expire_job(directory.job(*job))),
            Act::Close { job, shards, payer } => {
                let pairs: Vec<(Pubkey, Pubkey)> = shards
                    .iter()
                    .map(|index| {
                        let shard = world.job(*job).and_then(|job| job.shard(*index));
                        let paid = shard.map_or(0, |shard| shard.payer);
                        let payer = Who::Conductor(payer.unwrap_or(paid));
                        (directory.shard(*job, *index), key(payer))
                    })
                    .collect();
                let owner = key(Who::Owner(job.0));
                one(instructions::close_job(
                    directory.job(*job),
                    owner,
                    &pairs,
                    mints,
                ))
            }
            Act::Draw { job, index } => {
                one(instructions::draw_audit(self.place(world, *job, *index)))
            }
            Act::Challenge {
                by: who,
                job,
                index,
            } => {
                let place = self.place(world, *job, *index);
                let owner = key(Who::Owner(job.0));
                let challenge = instructions::challenge_shard(key(*who), &owner, place, mints);
                by(challenge, *who, *who)
            }
            _ => self.build_small(act),
        }
    }
}
