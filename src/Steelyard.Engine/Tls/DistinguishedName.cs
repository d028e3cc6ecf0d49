using System.Formats.Asn1;
using System.Text;

namespace Steelyard.Engine.Tls;

/// <summary>
/// Names in certificates as text of RFC 2253, as nginx writes them by OpenSSL's XN_FLAG_RFC2253: what would read as something
/// else is escaped, and so is every byte that is not printable ASCII. Two names have one text only where they are one name.
/// </summary>
internal static class DistinguishedName
{
    private static readonly UTF32Encoding s_utf32 = new(bigEndian: true, byteOrderMark: false);

    // OpenSSL's short names, by the last number of 2.5.4.
    private static readonly string?[] s_ofDirectory =
    [
        null, null, null, "CN", "SN", "serialNumber", "C", "L", "ST", "street", "O", "OU", "title", "description", "searchGuide", "businessCategory",
        "postalAddress", "postalCode", "postOfficeBox", "physicalDeliveryOfficeName", "telephoneNumber", "telexNumber", "teletexTerminalIdentifier",
        "facsimileTelephoneNumber", "x121Address", "internationaliSDNNumber", "registeredAddress", "destinationIndicator", "preferredDeliveryMethod",
        "presentationAddress", "supportedApplicationContext", "member", "owner", "roleOccupant", "seeAlso", "userPassword", "userCertificate",
        "cACertificate", "authorityRevocationList", "certificateRevocationList", "crossCertificatePair", "name", "GN", "initials", "generationQualifier",
        "x500UniqueIdentifier", "dnQualifier", "enhancedSearchGuide", "protocolInformation", "distinguishedName", "uniqueMember", "houseIdentifier",
        "supportedAlgorithms", "deltaRevocationList", "dmdName",
    ];

    private static readonly Dictionary<string, string> s_others = new(StringComparer.Ordinal)
    {
        ["2.5.4.65"] = "pseudonym",
        ["2.5.4.72"] = "role",
        ["2.5.4.97"] = "organizationIdentifier",
        ["2.5.4.98"] = "c3",
        ["2.5.4.99"] = "n3",
        ["2.5.4.100"] = "dnsName",
        ["0.9.2342.19200300.100.1.1"] = "UID",
        ["0.9.2342.19200300.100.1.3"] = "mail",
        ["0.9.2342.19200300.100.1.9"] = "host",
        ["0.9.2342.19200300.100.1.25"] = "DC",
        ["0.9.2342.19200300.100.1.44"] = "uid",
        ["1.2.840.113549.1.9.1"] = "emailAddress",
        ["1.2.840.113549.1.9.2"] = "unstructuredName",
        ["1.2.840.113549.1.9.7"] = "challengePassword",
        ["1.2.840.113549.1.9.8"] = "unstructuredAddress",
        ["1.3.6.1.4.1.311.60.2.1.1"] = "jurisdictionL",
        ["1.3.6.1.4.1.311.60.2.1.2"] = "jurisdictionST",
        ["1.3.6.1.4.1.311.60.2.1.3"] = "jurisdictionC",
    };

    /// <summary>The text of a name.</summary>
    /// <param name="encoded">The name as it stands in the certificate.</param>
    /// <returns>ASCII; null where it is no name.</returns>
    public static byte[]? Write(ReadOnlyMemory<byte> encoded)
    {
        List<(int Part, string Type, ReadOnlyMemory<byte> Value)> values = [];
        try
        {
            var parts = new AsnReader(encoded, AsnEncodingRules.BER).ReadSequence();
            for (var part = 0; parts.HasData; part++)
            {
                var ofPart = parts.ReadSetOf(skipSortOrderValidation: true);
                while (ofPart.HasData)
                {
                    var pair = ofPart.ReadSequence();
                    values.Add((part, pair.ReadObjectIdentifier(), pair.ReadEncodedValue()));
                }
            }

            List<byte> written = [];
            for (var i = values.Count - 1; i >= 0; i--)
            {
                if (i < values.Count - 1)
                    written.Add(values[i].Part == values[i + 1].Part ? (byte)'+' : (byte)',');
                WriteValue(written, values[i].Type, values[i].Value);
            }

            return [.. written];
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    private static void WriteValue(List<byte> written, string type, ReadOnlyMemory<byte> encoded)
    {
        var known = NameOf(type);
        written.AddRange(Encoding.ASCII.GetBytes(known ?? type));
        written.Add((byte)'=');
        if (known is not null && TextOf(encoded) is { } text)
        {
            for (var i = 0; i < text.Length; i++)
                Escape(written, text[i], i == 0, i == text.Length - 1);
            return;
        }

        written.Add((byte)'#');
        written.AddRange(Encoding.ASCII.GetBytes(Convert.ToHexString(encoded.Span)));
    }

    private static string? NameOf(string type) =>
        s_others.GetValueOrDefault(type)
        ?? (type.StartsWith("2.5.4.", StringComparison.Ordinal) && int.TryParse(type.AsSpan(6), out var number) && number < s_ofDirectory.Length ? s_ofDirectory[number] : null);

    /// <summary>A value in UTF-8; null for one that is no text.</summary>
    private static byte[]? TextOf(ReadOnlyMemory<byte> encoded)
    {
        var tag = AsnDecoder.ReadEncodedValue(encoded.Span, AsnEncodingRules.BER, out var offset, out var length, out _);
        if (tag.TagClass != TagClass.Universal || tag.IsConstructed)
            return null;
        var content = encoded.Span.Slice(offset, length);
        return (UniversalTagNumber)tag.TagValue switch
        {
            UniversalTagNumber.UTF8String => content.ToArray(),

            // OpenSSL takes Teletex for Latin-1, as all do who make such certificates.
            UniversalTagNumber.NumericString or UniversalTagNumber.PrintableString or UniversalTagNumber.T61String or UniversalTagNumber.IA5String or UniversalTagNumber.VisibleString
                => Encoding.UTF8.GetBytes(Encoding.Latin1.GetString(content)),
            UniversalTagNumber.BMPString when length % 2 == 0 => Encoding.UTF8.GetBytes(Encoding.BigEndianUnicode.GetString(content)),
            UniversalTagNumber.UniversalString when length % 4 == 0 => Encoding.UTF8.GetBytes(s_utf32.GetString(content)),
            _ => null,
        };
    }

    private static void Escape(List<byte> written, byte value, bool isFirst, bool isLast)
    {
        if (value is < (byte)' ' or > (byte)'~')
        {
            written.Add((byte)'\\');
            written.AddRange(Encoding.ASCII.GetBytes(Convert.ToHexString([value])));
            return;
        }

        // One character alone counts as the last to OpenSSL.
        if (value is (byte)'"' or (byte)'+' or (byte)',' or (byte)';' or (byte)'<' or (byte)'>' or (byte)'\\' || (value == ' ' && (isFirst || isLast)) || (value == '#' && isFirst && !isLast))
            written.Add((byte)'\\');
        written.Add(value);
    }
}
