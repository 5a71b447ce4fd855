//! In which scenes each instruction of the program is tried.

/// Gives a macro every instruction's name with its cases, and the scene of each.
macro_rules! with_every_scene {
    ($macro:ident) => {
        $macro! {
            accept_authority { by_the_proposed_key: admin::accept_authority, }
            acknowledge_delivery {
                by_an_orchestrator: client::acknowledge_delivery_by_an_orchestrator,
                by_the_client: client::acknowledge_delivery_by_the_client,
            }
            assign_seats {
                at_a_new_shard: orchestrator::assign_seats_at_a_new_shard,
                at_a_shard_with_a_free_seat: orchestrator::assign_seats_at_a_shard_with_a_free_seat,
            }
            bank_rewards { by_anyone: money::bank_rewards, }
            bond { by_anyone: money::bond, }
            cancel_job { by_the_client: client::cancel_job, }
            challenge_shard {
                by_anyone: client::challenge_shard,
                in_the_jobs_account: client::challenge_shard_in_the_jobs_account,
            }
            claim_earnings { by_anyone: provider::claim_earnings, }
            claim_rewards { by_anyone: money::claim_rewards, }
            close_epoch { by_anyone: money::close_epoch, }
            close_job { by_anyone: crank::close_job, }
            decline_seat {
                by_anyone: provider::decline_seat,
                in_the_jobs_account: provider::decline_seat_in_the_jobs_account,
            }
            deregister { by_the_provider: provider::deregister, }
            draw_audit { by_anyone: crank::draw_audit, }
            expire_job { by_anyone: crank::expire_job, }
            expire_seat {
                by_anyone: crank::expire_seat,
                in_the_jobs_account: crank::expire_seat_in_the_jobs_account,
            }
            fund_rewards { by_anyone: money::fund_rewards, }
            initialize_network { by_the_upgrade_authority: admin::initialize_network, }
            open_bucket { by_anyone: admin::open_bucket, }
            open_client { by_anyone: client::open_client, }
            open_rewards { by_anyone: money::open_rewards, }
            pause { by_the_pauser: admin::pause, }
            post_job { by_the_client: client::post_job, }
            propose_authority { by_the_authority: admin::propose_authority, }
            record_commitments {
                by_anyone: orchestrator::record_commitments,
                in_the_jobs_account: orchestrator::record_commitments_in_the_jobs_account,
            }
            record_reveals {
                by_an_orchestrator: orchestrator::record_reveals,
                in_the_jobs_account: orchestrator::record_reveals_in_the_jobs_account,
            }
            register_orchestrator { by_the_authority: admin::register_orchestrator, }
            register_provider { by_anyone: provider::register_provider, }
            request_unstake { by_the_provider: provider::request_unstake, }
            resume { by_the_pauser: admin::resume, }
            retire_orchestrator {
                by_the_authority: admin::retire_orchestrator_by_the_authority,
                by_itself: admin::retire_orchestrator_by_itself,
            }
            reveal_seats {
                by_anyone: provider::reveal_seats,
                in_the_jobs_account: provider::reveal_seats_in_the_jobs_account,
            }
            rotate_operator { by_the_provider: provider::rotate_operator, }
            seed_job { by_anyone: crank::seed_job, }
            set_parameters { by_the_authority: admin::set_parameters, }
            set_pauser { by_the_authority: admin::set_pauser, }
            settle_shard {
                that_is_challenged: crank::settle_shard_that_is_challenged,
                in_its_jobs_account: crank::settle_shard_in_its_jobs_account,
                that_is_challenged_in_its_jobs_account:
                    crank::settle_shard_that_is_challenged_in_its_jobs_account,
                in_an_account_of_its_own: crank::settle_shard_in_an_account_of_its_own,
                whose_seats_disagree: crank::settle_shard_whose_seats_disagree,
                without_a_quorum: crank::settle_shard_without_a_quorum,
                that_is_audited: crank::settle_shard_that_is_audited,
            }
            stake { by_anyone: provider::stake, }
            update_provider { by_the_provider: provider::update_provider, }
            withdraw_bond { by_anyone: money::withdraw_bond, }
            withdraw_stake { by_the_provider: provider::withdraw_stake, }
            withdraw_treasury { by_the_authority: money::withdraw_treasury, }
        }
    };
}
pub(crate) use with_every_scene;
