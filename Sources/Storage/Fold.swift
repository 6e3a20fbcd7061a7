import Domain
import Foundation
import GRDB

extension Transaction {
    /// Checks an event against the rules and brings the projections up to it.
    ///
    /// The same function when the event is made and when the journal is folded again: when made, a
    /// `UserError` undoes the transaction; when folded, it becomes the event's refusal.
    func fold(_ event: Event, _ body: EventBody) throws {
        switch body {
        case .officeFounded(let it): try foldOfficeFounded(event, it)
        case .officeChanged(let it): try foldOfficeChanged(event, it)
        case .sourceChanged(let it): try foldSourceChanged(event, it)
        case .fileUploaded(let it): try foldFileUploaded(event, it)
        case .personAdded(let it): try foldPersonAdded(event, it)
        case .personsPlaced(let it): try foldPersonsPlaced(event, it)
        case .userAdded(let it): try foldUserAdded(event, it)
        case .userChanged(let it): try foldUserChanged(it)
        case .userDisabled(let it): try foldUserDisabled(it)
        case .boxSettingsChanged(let it): try foldBoxSettingsChanged(it)
        case .personRenamed(let it): try foldPersonRenamed(it)
        case .teamHandedOver(let it): try foldTeamHandedOver(event, it)
        case .aliasChanged(let it): try foldAliasChanged(event, it)
        case .namesHeldApart(let it): try foldNamesHeldApart(it)
        case .transferRequestOpened(let it): try foldTransferRequestOpened(event, it)
        case .transferRequestDecided(let it): try foldTransferRequestDecided(event, it)
        case .transferRequestCommented(let it): try foldTransferRequestCommented(event, it)
        case .delegationChanged(let it): try foldDelegationChanged(it)
        case .deleteRequestOpened(let it): try foldDeleteRequestOpened(event, it)
        case .deleteRequestDecided(let it): try foldDeleteRequestDecided(event, it)
        case .deleteRequestPurged(let it): try foldDeleteRequestPurged(event, it)
        case .archiveRewritten(let it): try foldArchiveRewritten(event, it)
        case .deleteHoldChanged(let it): try foldDeleteHoldChanged(event, it)
        case .conflictDecided(let it): try foldConflictDecided(event, it)
        case .officePaired(let it): try foldOfficePaired(event, it)
        case .officeUnpaired(let it): try foldOfficeUnpaired(it)
        case .forkDecided(let it): try foldForkDecided(it)
        case .exchangePassphraseChanged(let it): try foldExchangePassphraseChanged(it)
        case .backupMade(let it): try foldBackupMade(event, it)
        case .backupFailed(let it): try foldBackupFailed(event, it)
        case .backupDrilled(let it): try foldBackupDrilled(event, it)
        // These are history and nothing else.
        case .passwordSet, .signedIn, .signInRefused, .signedOut, .sessionsEnded, .tokenMade, .tokenRevoked,
            .uploadRefused, .figuresExported, .snapshotMerged, .incarnationBegun, .snapshotExported,
            .snapshotRefused, .mergeUndone, .backupRestored, .backupPassphraseChanged, .backupDownloaded,
            .replacedRemoved,
            .exchangeTokenMade, .exchangeTokenRevoked, .exchangeAddressChanged, .exchangeAllowed:
            break
        }
    }
}

/// JSON as columns hold it: the same canonical form as the journal's.
func jsonText(_ value: some Encodable) throws -> String { try canonicalText(value) }

/// SQL for a field of an entry's payload, as text; NULL where another office's entry is no JSON.
func payloadField(_ path: String) -> String {
    "CASE WHEN json_valid(payload) THEN CAST(payload ->> '\(path)' AS TEXT) END"
}

func fromJSON<T: Decodable>(_ type: T.Type, _ text: String) throws -> T {
    try JSONDecoder().decode(type, from: Data(text.utf8))
}
