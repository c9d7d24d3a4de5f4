// The check digits of cards, accounts and identity numbers. Every text holds digits and capital letters only.
#pragma once

#include <string_view>

namespace sluice::plugins::mask {

/// Cards (ISO/IEC 7812): digits only.
bool luhn_valid(std::string_view digits);
/// Accounts (ISO 13616): the whole IBAN; ISO 7064 MOD 97-10 over it with the first four behind the rest.
bool iban_valid(std::string_view iban);
/// ISO 7064 MOD 11,10: the last digit checks those before it (the German tax number).
bool mod_11_10_valid(std::string_view digits);
/// Verhoeff's dihedral check, last digit included (Aadhaar).
bool verhoeff_valid(std::string_view digits);
/// The two check digits at the end of the eleven of a Brazilian CPF.
bool cpf_valid(std::string_view digits);
/// The key at the end of the fifteen characters of a French number of INSEE; A and B stand for Corsica.
bool insee_valid(std::string_view number);
/// The letter behind the eight digits of a Spanish DNI.
bool dni_valid(std::string_view number);
/// The last of the sixteen characters of an Italian codice fiscale.
bool codice_fiscale_valid(std::string_view code);

}  // namespace sluice::plugins::mask
