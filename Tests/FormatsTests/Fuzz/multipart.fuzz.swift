// Whatever the bytes and however they are cut: no trap, bounded pieces, and the same outcome as in one piece.
// Built together with MultipartForm.swift and MultipartHeaders.swift.

private struct Outcome: Equatable {
    var events: [MultipartEvent] = []
    var error: MultipartError?
}

private func outcome(_ body: ArraySlice<UInt8>, sizes: (Int) -> Int) -> Outcome {
    var result = Outcome()
    do {
        var form = try MultipartForm(
            contentType: "multipart/form-data; boundary=abc", headerLimit: 256, partLimit: 5)
        var rest = body
        var turn = 0
        while !rest.isEmpty {
            let size = max(1, sizes(turn))
            turn += 1
            try form.feed(rest.prefix(size)) { event in
                guard case .data(let more) = event else {
                    result.events.append(event)
                    return
                }
                precondition(!more.isEmpty && more.count <= size + 7, "a piece longer than what was fed")
                if case .data(let sofar) = result.events.last {
                    result.events[result.events.count - 1] = .data((Array(sofar) + more)[...])
                } else {
                    result.events.append(.data(Array(more)[...]))
                }
            }
            rest = rest.dropFirst(size)
        }
        try form.finish()
    } catch {
        result.error = error as? MultipartError
        precondition(result.error != nil, "an error of another type")
    }
    return result
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzMultipart(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    // The first bytes choose how the rest is cut.
    let cuts = bytes.prefix(4).map { Int($0 % 70) }
    let body = bytes.dropFirst(4)
    let whole = outcome(body) { _ in body.count }
    precondition(outcome(body) { cuts[$0 % cuts.count] } == whole, "the pieces show")
    precondition(outcome(body) { _ in 1 } == whole, "single bytes show")
    // Begins, data and ends come in turn; names hold no folders.
    var open = false
    for event in whole.events {
        switch event {
        case .part(_, let fileName, _):
            precondition(!open && fileName?.contains(where: { $0 == "/" || $0 == "\\" }) != true)
            open = true
        case .data: precondition(open)
        case .partEnd:
            precondition(open)
            open = false
        }
    }
    precondition(!open || whole.error != nil, "an unfinished part passed for whole")
    return 0
}
