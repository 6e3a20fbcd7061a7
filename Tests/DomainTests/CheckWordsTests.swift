import Domain
import Foundation
import Testing

@Suite struct CheckWordsTests {
    @Test func `there are 1,024 words, plain, short, in order and none like another`() {
        #expect(checkWordList.count == 1024)
        #expect(checkWordList == Array(Set(checkWordList)).sorted())
        for word in checkWordList {
            #expect(
                (4...9).contains(word.utf8.count) && word.utf8.allSatisfy { (0x61...0x7a).contains($0) },
                "\(word)")
        }
        // Each word with one letter left out, or two neighbours swapped, belongs to it alone.
        var owners: [String: String] = [:]
        for word in checkWordList {
            let letters = Array(word)
            var near: Set<String> = [word]
            for place in letters.indices {
                near.insert(String(letters[..<place] + letters[(place + 1)...]))
                // A letter changed: both words are the same without it.
                near.insert(String(letters[..<place] + "?" + letters[(place + 1)...]))
                if place > 0 {
                    var swapped = letters
                    swapped.swapAt(place, place - 1)
                    near.insert(String(swapped))
                }
            }
            for form in near {
                if let owner = owners[form] { Issue.record("\(word) and \(owner) are alike") }
                owners[form] = word
            }
        }
    }

    @Test func `the words are for ever`() {
        // FNV-1a of the list, one word a line.
        let digest = checkWordList.flatMap { Array($0.utf8) + [0x0a] }
            .reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        #expect(digest == 0xf094ccc101359b01)
        #expect(
            checkWords(ofHex: "457406963ff3163389a9db80c08acd67adae2d2d2ead077b503d57192fd346f8") == [
                "elegant", "sherbet", "hippo", "method", "valley", "garage",
            ])
    }

    @Test func `ten bits make a word`() {
        #expect(checkWords(ofHex: "0000000000000000") == Array(repeating: checkWordList[0], count: 6))
        #expect(checkWords(ofHex: "ffffffffffffffff") == Array(repeating: checkWordList[1023], count: 6))
        // 00000000 01000000 0010 0000 0000 11…
        #expect(checkWords(ofHex: "0040200c", count: 3) == [1, 2, 3].map { checkWordList[$0] })
        #expect(checkWords(ofHex: "0040", count: 1) == [checkWordList[1]])
        // Another digest reads otherwise, in whichever of its first bits it differs.
        let words = checkWords(ofHex: "0123456789abcdef")
        for bit in 0..<60 {
            var bytes: [UInt8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]
            bytes[bit / 8] ^= 0x80 >> UInt8(bit % 8)
            #expect(zip(words, checkWords(ofHex: hexadecimal(bytes))).filter { $0 != $1 }.count == 1)
        }
    }

    @Test(arguments: ["", "00", "00000000000000", "zz00000000000000", "0123456789ABCDEF", "012345678"])
    func `what is no digest has no words`(hex: String) {
        #expect(checkWords(ofHex: hex).isEmpty)
        #expect(checkWords(ofHex: "0123456789abcdef", count: 0).isEmpty)
    }
}
