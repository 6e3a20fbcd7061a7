// Written by .ci/embed: the files of Resources/, as bytes inside the program.
#include "resources.h"

static const unsigned char r_assets_icons_svg[] = {
#embed "../../Resources/assets/icons.svg" if_empty(0)
};
static const unsigned char r_assets_mark_svg[] = {
#embed "../../Resources/assets/mark.svg" if_empty(0)
};
static const unsigned char r_assets_rollcall_css[] = {
#embed "../../Resources/assets/rollcall.css" if_empty(0)
};
static const unsigned char r_assets_rollcall_js[] = {
#embed "../../Resources/assets/rollcall.js" if_empty(0)
};
static const unsigned char r_templates_activity_mustache[] = {
#embed "../../Resources/templates/activity.mustache" if_empty(0)
};
static const unsigned char r_templates_agent_list_mustache[] = {
#embed "../../Resources/templates/agent.list.mustache" if_empty(0)
};
static const unsigned char r_templates_agent_page_mustache[] = {
#embed "../../Resources/templates/agent.page.mustache" if_empty(0)
};
static const unsigned char r_templates_agent_parts_mustache[] = {
#embed "../../Resources/templates/agent.parts.mustache" if_empty(0)
};
static const unsigned char r_templates_backup_list_mustache[] = {
#embed "../../Resources/templates/backup.list.mustache" if_empty(0)
};
static const unsigned char r_templates_call_list_mustache[] = {
#embed "../../Resources/templates/call.list.mustache" if_empty(0)
};
static const unsigned char r_templates_call_page_mustache[] = {
#embed "../../Resources/templates/call.page.mustache" if_empty(0)
};
static const unsigned char r_templates_conflict_card_mustache[] = {
#embed "../../Resources/templates/conflict.card.mustache" if_empty(0)
};
static const unsigned char r_templates_conflict_list_mustache[] = {
#embed "../../Resources/templates/conflict.list.mustache" if_empty(0)
};
static const unsigned char r_templates_conflict_note_mustache[] = {
#embed "../../Resources/templates/conflict.note.mustache" if_empty(0)
};
static const unsigned char r_templates_conflict_show_mustache[] = {
#embed "../../Resources/templates/conflict.show.mustache" if_empty(0)
};
static const unsigned char r_templates_deleteHold_list_mustache[] = {
#embed "../../Resources/templates/deleteHold.list.mustache" if_empty(0)
};
static const unsigned char r_templates_deleteRequest_certificate_mustache[] = {
#embed "../../Resources/templates/deleteRequest.certificate.mustache" if_empty(0)
};
static const unsigned char r_templates_deleteRequest_list_mustache[] = {
#embed "../../Resources/templates/deleteRequest.list.mustache" if_empty(0)
};
static const unsigned char r_templates_deleteRequest_new_mustache[] = {
#embed "../../Resources/templates/deleteRequest.new.mustache" if_empty(0)
};
static const unsigned char r_templates_deleteRequest_preview_mustache[] = {
#embed "../../Resources/templates/deleteRequest.preview.mustache" if_empty(0)
};
static const unsigned char r_templates_deleteRequest_show_mustache[] = {
#embed "../../Resources/templates/deleteRequest.show.mustache" if_empty(0)
};
static const unsigned char r_templates_deleteRequest_work_mustache[] = {
#embed "../../Resources/templates/deleteRequest.work.mustache" if_empty(0)
};
static const unsigned char r_templates_distribution_mustache[] = {
#embed "../../Resources/templates/distribution.mustache" if_empty(0)
};
static const unsigned char r_templates_exchange_last_mustache[] = {
#embed "../../Resources/templates/exchange.last.mustache" if_empty(0)
};
static const unsigned char r_templates_exchange_mustache[] = {
#embed "../../Resources/templates/exchange.mustache" if_empty(0)
};
static const unsigned char r_templates_exchange_times_mustache[] = {
#embed "../../Resources/templates/exchange.times.mustache" if_empty(0)
};
static const unsigned char r_templates_exchange_token_mustache[] = {
#embed "../../Resources/templates/exchange.token.mustache" if_empty(0)
};
static const unsigned char r_templates_failure_mustache[] = {
#embed "../../Resources/templates/failure.mustache" if_empty(0)
};
static const unsigned char r_templates_file_days_mustache[] = {
#embed "../../Resources/templates/file.days.mustache" if_empty(0)
};
static const unsigned char r_templates_file_difference_mustache[] = {
#embed "../../Resources/templates/file.difference.mustache" if_empty(0)
};
static const unsigned char r_templates_file_lines_mustache[] = {
#embed "../../Resources/templates/file.lines.mustache" if_empty(0)
};
static const unsigned char r_templates_file_list_mustache[] = {
#embed "../../Resources/templates/file.list.mustache" if_empty(0)
};
static const unsigned char r_templates_file_readAgain_mustache[] = {
#embed "../../Resources/templates/file.readAgain.mustache" if_empty(0)
};
static const unsigned char r_templates_file_rejected_mustache[] = {
#embed "../../Resources/templates/file.rejected.mustache" if_empty(0)
};
static const unsigned char r_templates_file_show_mustache[] = {
#embed "../../Resources/templates/file.show.mustache" if_empty(0)
};
static const unsigned char r_templates_file_upload_mustache[] = {
#embed "../../Resources/templates/file.upload.mustache" if_empty(0)
};
static const unsigned char r_templates_file_version_mustache[] = {
#embed "../../Resources/templates/file.version.mustache" if_empty(0)
};
static const unsigned char r_templates_fork_list_mustache[] = {
#embed "../../Resources/templates/fork.list.mustache" if_empty(0)
};
static const unsigned char r_templates_head_mustache[] = {
#embed "../../Resources/templates/head.mustache" if_empty(0)
};
static const unsigned char r_templates_home_office_mustache[] = {
#embed "../../Resources/templates/home.office.mustache" if_empty(0)
};
static const unsigned char r_templates_home_own_mustache[] = {
#embed "../../Resources/templates/home.own.mustache" if_empty(0)
};
static const unsigned char r_templates_home_requests_mustache[] = {
#embed "../../Resources/templates/home.requests.mustache" if_empty(0)
};
static const unsigned char r_templates_home_scheduled_mustache[] = {
#embed "../../Resources/templates/home.scheduled.mustache" if_empty(0)
};
static const unsigned char r_templates_home_team_mustache[] = {
#embed "../../Resources/templates/home.team.mustache" if_empty(0)
};
static const unsigned char r_templates_import_show_mustache[] = {
#embed "../../Resources/templates/import.show.mustache" if_empty(0)
};
static const unsigned char r_templates_layout_mustache[] = {
#embed "../../Resources/templates/layout.mustache" if_empty(0)
};
static const unsigned char r_templates_mark_mustache[] = {
#embed "../../Resources/templates/mark.mustache" if_empty(0)
};
static const unsigned char r_templates_me_mustache[] = {
#embed "../../Resources/templates/me.mustache" if_empty(0)
};
static const unsigned char r_templates_me_password_mustache[] = {
#embed "../../Resources/templates/me.password.mustache" if_empty(0)
};
static const unsigned char r_templates_me_token_mustache[] = {
#embed "../../Resources/templates/me.token.mustache" if_empty(0)
};
static const unsigned char r_templates_merge_part_mustache[] = {
#embed "../../Resources/templates/merge.part.mustache" if_empty(0)
};
static const unsigned char r_templates_name_changes_mustache[] = {
#embed "../../Resources/templates/name.changes.mustache" if_empty(0)
};
static const unsigned char r_templates_name_list_mustache[] = {
#embed "../../Resources/templates/name.list.mustache" if_empty(0)
};
static const unsigned char r_templates_name_queue_mustache[] = {
#embed "../../Resources/templates/name.queue.mustache" if_empty(0)
};
static const unsigned char r_templates_name_show_mustache[] = {
#embed "../../Resources/templates/name.show.mustache" if_empty(0)
};
static const unsigned char r_templates_name_tabs_mustache[] = {
#embed "../../Resources/templates/name.tabs.mustache" if_empty(0)
};
static const unsigned char r_templates_notice_mustache[] = {
#embed "../../Resources/templates/notice.mustache" if_empty(0)
};
static const unsigned char r_templates_pairing_mustache[] = {
#embed "../../Resources/templates/pairing.mustache" if_empty(0)
};
static const unsigned char r_templates_pairing_words_mustache[] = {
#embed "../../Resources/templates/pairing.words.mustache" if_empty(0)
};
static const unsigned char r_templates_passphrase_form_mustache[] = {
#embed "../../Resources/templates/passphrase.form.mustache" if_empty(0)
};
static const unsigned char r_templates_peer_list_mustache[] = {
#embed "../../Resources/templates/peer.list.mustache" if_empty(0)
};
static const unsigned char r_templates_people_chart_mustache[] = {
#embed "../../Resources/templates/people.chart.mustache" if_empty(0)
};
static const unsigned char r_templates_people_look_mustache[] = {
#embed "../../Resources/templates/people.look.mustache" if_empty(0)
};
static const unsigned char r_templates_people_members_mustache[] = {
#embed "../../Resources/templates/people.members.mustache" if_empty(0)
};
static const unsigned char r_templates_permissions_mustache[] = {
#embed "../../Resources/templates/permissions.mustache" if_empty(0)
};
static const unsigned char r_templates_person_form_mustache[] = {
#embed "../../Resources/templates/person.form.mustache" if_empty(0)
};
static const unsigned char r_templates_person_mustache[] = {
#embed "../../Resources/templates/person.mustache" if_empty(0)
};
static const unsigned char r_templates_plain_mustache[] = {
#embed "../../Resources/templates/plain.mustache" if_empty(0)
};
static const unsigned char r_templates_problem_mustache[] = {
#embed "../../Resources/templates/problem.mustache" if_empty(0)
};
static const unsigned char r_templates_report_checks_mustache[] = {
#embed "../../Resources/templates/report.checks.mustache" if_empty(0)
};
static const unsigned char r_templates_report_filter_mustache[] = {
#embed "../../Resources/templates/report.filter.mustache" if_empty(0)
};
static const unsigned char r_templates_report_performance_mustache[] = {
#embed "../../Resources/templates/report.performance.mustache" if_empty(0)
};
static const unsigned char r_templates_report_table_mustache[] = {
#embed "../../Resources/templates/report.table.mustache" if_empty(0)
};
static const unsigned char r_templates_report_tiles_mustache[] = {
#embed "../../Resources/templates/report.tiles.mustache" if_empty(0)
};
static const unsigned char r_templates_roster_look_mustache[] = {
#embed "../../Resources/templates/roster.look.mustache" if_empty(0)
};
static const unsigned char r_templates_roster_mustache[] = {
#embed "../../Resources/templates/roster.mustache" if_empty(0)
};
static const unsigned char r_templates_sessions_mustache[] = {
#embed "../../Resources/templates/sessions.mustache" if_empty(0)
};
static const unsigned char r_templates_settings_mustache[] = {
#embed "../../Resources/templates/settings.mustache" if_empty(0)
};
static const unsigned char r_templates_setup_mustache[] = {
#embed "../../Resources/templates/setup.mustache" if_empty(0)
};
static const unsigned char r_templates_signIn_mustache[] = {
#embed "../../Resources/templates/signIn.mustache" if_empty(0)
};
static const unsigned char r_templates_signIn_resume_mustache[] = {
#embed "../../Resources/templates/signIn.resume.mustache" if_empty(0)
};
static const unsigned char r_templates_snapshot_export_mustache[] = {
#embed "../../Resources/templates/snapshot.export.mustache" if_empty(0)
};
static const unsigned char r_templates_snapshot_import_mustache[] = {
#embed "../../Resources/templates/snapshot.import.mustache" if_empty(0)
};
static const unsigned char r_templates_snapshot_work_mustache[] = {
#embed "../../Resources/templates/snapshot.work.mustache" if_empty(0)
};
static const unsigned char r_templates_snapshot_written_mustache[] = {
#embed "../../Resources/templates/snapshot.written.mustache" if_empty(0)
};
static const unsigned char r_templates_snapshotHistory_list_mustache[] = {
#embed "../../Resources/templates/snapshotHistory.list.mustache" if_empty(0)
};
static const unsigned char r_templates_snapshotHistory_receipt_mustache[] = {
#embed "../../Resources/templates/snapshotHistory.receipt.mustache" if_empty(0)
};
static const unsigned char r_templates_source_mustache[] = {
#embed "../../Resources/templates/source.mustache" if_empty(0)
};
static const unsigned char r_templates_sources_mustache[] = {
#embed "../../Resources/templates/sources.mustache" if_empty(0)
};
static const unsigned char r_templates_standIn_list_mustache[] = {
#embed "../../Resources/templates/standIn.list.mustache" if_empty(0)
};
static const unsigned char r_templates_storageUse_mustache[] = {
#embed "../../Resources/templates/storageUse.mustache" if_empty(0)
};
static const unsigned char r_templates_storageUse_notice_mustache[] = {
#embed "../../Resources/templates/storageUse.notice.mustache" if_empty(0)
};
static const unsigned char r_templates_transferRequest_list_mustache[] = {
#embed "../../Resources/templates/transferRequest.list.mustache" if_empty(0)
};
static const unsigned char r_templates_transferRequest_new_mustache[] = {
#embed "../../Resources/templates/transferRequest.new.mustache" if_empty(0)
};
static const unsigned char r_templates_transferRequest_row_mustache[] = {
#embed "../../Resources/templates/transferRequest.row.mustache" if_empty(0)
};
static const unsigned char r_templates_transferRequest_show_mustache[] = {
#embed "../../Resources/templates/transferRequest.show.mustache" if_empty(0)
};
static const unsigned char r_templates_trust_mustache[] = {
#embed "../../Resources/templates/trust.mustache" if_empty(0)
};
static const unsigned char r_templates_user_disable_mustache[] = {
#embed "../../Resources/templates/user.disable.mustache" if_empty(0)
};
static const unsigned char r_templates_user_fields_mustache[] = {
#embed "../../Resources/templates/user.fields.mustache" if_empty(0)
};
static const unsigned char r_templates_user_given_mustache[] = {
#embed "../../Resources/templates/user.given.mustache" if_empty(0)
};
static const unsigned char r_templates_user_mustache[] = {
#embed "../../Resources/templates/user.mustache" if_empty(0)
};
static const unsigned char r_templates_user_password_mustache[] = {
#embed "../../Resources/templates/user.password.mustache" if_empty(0)
};
static const unsigned char r_templates_users_mustache[] = {
#embed "../../Resources/templates/users.mustache" if_empty(0)
};
static const unsigned char r_templates_users_new_mustache[] = {
#embed "../../Resources/templates/users.new.mustache" if_empty(0)
};

static const rollcall_resource table[] = {
    {"assets/icons.svg", r_assets_icons_svg, sizeof r_assets_icons_svg},
    {"assets/mark.svg", r_assets_mark_svg, sizeof r_assets_mark_svg},
    {"assets/rollcall.css", r_assets_rollcall_css, sizeof r_assets_rollcall_css},
    {"assets/rollcall.js", r_assets_rollcall_js, sizeof r_assets_rollcall_js},
    {"templates/activity.mustache", r_templates_activity_mustache, sizeof r_templates_activity_mustache},
    {"templates/agent.list.mustache", r_templates_agent_list_mustache, sizeof r_templates_agent_list_mustache},
    {"templates/agent.page.mustache", r_templates_agent_page_mustache, sizeof r_templates_agent_page_mustache},
    {"templates/agent.parts.mustache", r_templates_agent_parts_mustache, sizeof r_templates_agent_parts_mustache},
    {"templates/backup.list.mustache", r_templates_backup_list_mustache, sizeof r_templates_backup_list_mustache},
    {"templates/call.list.mustache", r_templates_call_list_mustache, sizeof r_templates_call_list_mustache},
    {"templates/call.page.mustache", r_templates_call_page_mustache, sizeof r_templates_call_page_mustache},
    {"templates/conflict.card.mustache", r_templates_conflict_card_mustache, sizeof r_templates_conflict_card_mustache},
    {"templates/conflict.list.mustache", r_templates_conflict_list_mustache, sizeof r_templates_conflict_list_mustache},
    {"templates/conflict.note.mustache", r_templates_conflict_note_mustache, sizeof r_templates_conflict_note_mustache},
    {"templates/conflict.show.mustache", r_templates_conflict_show_mustache, sizeof r_templates_conflict_show_mustache},
    {"templates/deleteHold.list.mustache", r_templates_deleteHold_list_mustache, sizeof r_templates_deleteHold_list_mustache},
    {"templates/deleteRequest.certificate.mustache", r_templates_deleteRequest_certificate_mustache, sizeof r_templates_deleteRequest_certificate_mustache},
    {"templates/deleteRequest.list.mustache", r_templates_deleteRequest_list_mustache, sizeof r_templates_deleteRequest_list_mustache},
    {"templates/deleteRequest.new.mustache", r_templates_deleteRequest_new_mustache, sizeof r_templates_deleteRequest_new_mustache},
    {"templates/deleteRequest.preview.mustache", r_templates_deleteRequest_preview_mustache, sizeof r_templates_deleteRequest_preview_mustache},
    {"templates/deleteRequest.show.mustache", r_templates_deleteRequest_show_mustache, sizeof r_templates_deleteRequest_show_mustache},
    {"templates/deleteRequest.work.mustache", r_templates_deleteRequest_work_mustache, sizeof r_templates_deleteRequest_work_mustache},
    {"templates/distribution.mustache", r_templates_distribution_mustache, sizeof r_templates_distribution_mustache},
    {"templates/exchange.last.mustache", r_templates_exchange_last_mustache, sizeof r_templates_exchange_last_mustache},
    {"templates/exchange.mustache", r_templates_exchange_mustache, sizeof r_templates_exchange_mustache},
    {"templates/exchange.times.mustache", r_templates_exchange_times_mustache, sizeof r_templates_exchange_times_mustache},
    {"templates/exchange.token.mustache", r_templates_exchange_token_mustache, sizeof r_templates_exchange_token_mustache},
    {"templates/failure.mustache", r_templates_failure_mustache, sizeof r_templates_failure_mustache},
    {"templates/file.days.mustache", r_templates_file_days_mustache, sizeof r_templates_file_days_mustache},
    {"templates/file.difference.mustache", r_templates_file_difference_mustache, sizeof r_templates_file_difference_mustache},
    {"templates/file.lines.mustache", r_templates_file_lines_mustache, sizeof r_templates_file_lines_mustache},
    {"templates/file.list.mustache", r_templates_file_list_mustache, sizeof r_templates_file_list_mustache},
    {"templates/file.readAgain.mustache", r_templates_file_readAgain_mustache, sizeof r_templates_file_readAgain_mustache},
    {"templates/file.rejected.mustache", r_templates_file_rejected_mustache, sizeof r_templates_file_rejected_mustache},
    {"templates/file.show.mustache", r_templates_file_show_mustache, sizeof r_templates_file_show_mustache},
    {"templates/file.upload.mustache", r_templates_file_upload_mustache, sizeof r_templates_file_upload_mustache},
    {"templates/file.version.mustache", r_templates_file_version_mustache, sizeof r_templates_file_version_mustache},
    {"templates/fork.list.mustache", r_templates_fork_list_mustache, sizeof r_templates_fork_list_mustache},
    {"templates/head.mustache", r_templates_head_mustache, sizeof r_templates_head_mustache},
    {"templates/home.office.mustache", r_templates_home_office_mustache, sizeof r_templates_home_office_mustache},
    {"templates/home.own.mustache", r_templates_home_own_mustache, sizeof r_templates_home_own_mustache},
    {"templates/home.requests.mustache", r_templates_home_requests_mustache, sizeof r_templates_home_requests_mustache},
    {"templates/home.scheduled.mustache", r_templates_home_scheduled_mustache, sizeof r_templates_home_scheduled_mustache},
    {"templates/home.team.mustache", r_templates_home_team_mustache, sizeof r_templates_home_team_mustache},
    {"templates/import.show.mustache", r_templates_import_show_mustache, sizeof r_templates_import_show_mustache},
    {"templates/layout.mustache", r_templates_layout_mustache, sizeof r_templates_layout_mustache},
    {"templates/mark.mustache", r_templates_mark_mustache, sizeof r_templates_mark_mustache},
    {"templates/me.mustache", r_templates_me_mustache, sizeof r_templates_me_mustache},
    {"templates/me.password.mustache", r_templates_me_password_mustache, sizeof r_templates_me_password_mustache},
    {"templates/me.token.mustache", r_templates_me_token_mustache, sizeof r_templates_me_token_mustache},
    {"templates/merge.part.mustache", r_templates_merge_part_mustache, sizeof r_templates_merge_part_mustache},
    {"templates/name.changes.mustache", r_templates_name_changes_mustache, sizeof r_templates_name_changes_mustache},
    {"templates/name.list.mustache", r_templates_name_list_mustache, sizeof r_templates_name_list_mustache},
    {"templates/name.queue.mustache", r_templates_name_queue_mustache, sizeof r_templates_name_queue_mustache},
    {"templates/name.show.mustache", r_templates_name_show_mustache, sizeof r_templates_name_show_mustache},
    {"templates/name.tabs.mustache", r_templates_name_tabs_mustache, sizeof r_templates_name_tabs_mustache},
    {"templates/notice.mustache", r_templates_notice_mustache, sizeof r_templates_notice_mustache},
    {"templates/pairing.mustache", r_templates_pairing_mustache, sizeof r_templates_pairing_mustache},
    {"templates/pairing.words.mustache", r_templates_pairing_words_mustache, sizeof r_templates_pairing_words_mustache},
    {"templates/passphrase.form.mustache", r_templates_passphrase_form_mustache, sizeof r_templates_passphrase_form_mustache},
    {"templates/peer.list.mustache", r_templates_peer_list_mustache, sizeof r_templates_peer_list_mustache},
    {"templates/people.chart.mustache", r_templates_people_chart_mustache, sizeof r_templates_people_chart_mustache},
    {"templates/people.look.mustache", r_templates_people_look_mustache, sizeof r_templates_people_look_mustache},
    {"templates/people.members.mustache", r_templates_people_members_mustache, sizeof r_templates_people_members_mustache},
    {"templates/permissions.mustache", r_templates_permissions_mustache, sizeof r_templates_permissions_mustache},
    {"templates/person.form.mustache", r_templates_person_form_mustache, sizeof r_templates_person_form_mustache},
    {"templates/person.mustache", r_templates_person_mustache, sizeof r_templates_person_mustache},
    {"templates/plain.mustache", r_templates_plain_mustache, sizeof r_templates_plain_mustache},
    {"templates/problem.mustache", r_templates_problem_mustache, sizeof r_templates_problem_mustache},
    {"templates/report.checks.mustache", r_templates_report_checks_mustache, sizeof r_templates_report_checks_mustache},
    {"templates/report.filter.mustache", r_templates_report_filter_mustache, sizeof r_templates_report_filter_mustache},
    {"templates/report.performance.mustache", r_templates_report_performance_mustache, sizeof r_templates_report_performance_mustache},
    {"templates/report.table.mustache", r_templates_report_table_mustache, sizeof r_templates_report_table_mustache},
    {"templates/report.tiles.mustache", r_templates_report_tiles_mustache, sizeof r_templates_report_tiles_mustache},
    {"templates/roster.look.mustache", r_templates_roster_look_mustache, sizeof r_templates_roster_look_mustache},
    {"templates/roster.mustache", r_templates_roster_mustache, sizeof r_templates_roster_mustache},
    {"templates/sessions.mustache", r_templates_sessions_mustache, sizeof r_templates_sessions_mustache},
    {"templates/settings.mustache", r_templates_settings_mustache, sizeof r_templates_settings_mustache},
    {"templates/setup.mustache", r_templates_setup_mustache, sizeof r_templates_setup_mustache},
    {"templates/signIn.mustache", r_templates_signIn_mustache, sizeof r_templates_signIn_mustache},
    {"templates/signIn.resume.mustache", r_templates_signIn_resume_mustache, sizeof r_templates_signIn_resume_mustache},
    {"templates/snapshot.export.mustache", r_templates_snapshot_export_mustache, sizeof r_templates_snapshot_export_mustache},
    {"templates/snapshot.import.mustache", r_templates_snapshot_import_mustache, sizeof r_templates_snapshot_import_mustache},
    {"templates/snapshot.work.mustache", r_templates_snapshot_work_mustache, sizeof r_templates_snapshot_work_mustache},
    {"templates/snapshot.written.mustache", r_templates_snapshot_written_mustache, sizeof r_templates_snapshot_written_mustache},
    {"templates/snapshotHistory.list.mustache", r_templates_snapshotHistory_list_mustache, sizeof r_templates_snapshotHistory_list_mustache},
    {"templates/snapshotHistory.receipt.mustache", r_templates_snapshotHistory_receipt_mustache, sizeof r_templates_snapshotHistory_receipt_mustache},
    {"templates/source.mustache", r_templates_source_mustache, sizeof r_templates_source_mustache},
    {"templates/sources.mustache", r_templates_sources_mustache, sizeof r_templates_sources_mustache},
    {"templates/standIn.list.mustache", r_templates_standIn_list_mustache, sizeof r_templates_standIn_list_mustache},
    {"templates/storageUse.mustache", r_templates_storageUse_mustache, sizeof r_templates_storageUse_mustache},
    {"templates/storageUse.notice.mustache", r_templates_storageUse_notice_mustache, sizeof r_templates_storageUse_notice_mustache},
    {"templates/transferRequest.list.mustache", r_templates_transferRequest_list_mustache, sizeof r_templates_transferRequest_list_mustache},
    {"templates/transferRequest.new.mustache", r_templates_transferRequest_new_mustache, sizeof r_templates_transferRequest_new_mustache},
    {"templates/transferRequest.row.mustache", r_templates_transferRequest_row_mustache, sizeof r_templates_transferRequest_row_mustache},
    {"templates/transferRequest.show.mustache", r_templates_transferRequest_show_mustache, sizeof r_templates_transferRequest_show_mustache},
    {"templates/trust.mustache", r_templates_trust_mustache, sizeof r_templates_trust_mustache},
    {"templates/user.disable.mustache", r_templates_user_disable_mustache, sizeof r_templates_user_disable_mustache},
    {"templates/user.fields.mustache", r_templates_user_fields_mustache, sizeof r_templates_user_fields_mustache},
    {"templates/user.given.mustache", r_templates_user_given_mustache, sizeof r_templates_user_given_mustache},
    {"templates/user.mustache", r_templates_user_mustache, sizeof r_templates_user_mustache},
    {"templates/user.password.mustache", r_templates_user_password_mustache, sizeof r_templates_user_password_mustache},
    {"templates/users.mustache", r_templates_users_mustache, sizeof r_templates_users_mustache},
    {"templates/users.new.mustache", r_templates_users_new_mustache, sizeof r_templates_users_new_mustache},
};

int rollcall_resource_count(void) { return (int)(sizeof table / sizeof table[0]); }

rollcall_resource rollcall_resource_at(int index) {
    if (index < 0 || index >= rollcall_resource_count()) index = 0;
    return table[index];
}
